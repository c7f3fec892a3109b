import type { Knex } from 'knex';

/** What a failure's capsule holds beyond the log: the finding, how long it lived, and what its revision had changed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE failures
      ADD COLUMN message TEXT NOT NULL DEFAULT '',
      ADD COLUMN started_at TIMESTAMP WITH TIME ZONE,
      ADD COLUMN log_error TEXT,
      ADD COLUMN stable_revision INTEGER,
      ADD COLUMN changes TEXT[] NOT NULL DEFAULT '{}';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE failures
      DROP COLUMN message, DROP COLUMN started_at, DROP COLUMN log_error,
      DROP COLUMN stable_revision, DROP COLUMN changes;
  `);
}
