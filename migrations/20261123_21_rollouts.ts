import type { Knex } from 'knex';

/** What rollouts remember: where they are, what was pinned or rolled back to, and who is being taken out of service. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE applications
      ADD COLUMN target_revision INTEGER,
      ADD COLUMN target_reason VARCHAR(20),
      ADD COLUMN rollout JSONB,
      ADD COLUMN rollout_paused BOOLEAN NOT NULL DEFAULT false,
      ADD COLUMN retries INTEGER NOT NULL DEFAULT 0,
      ADD CONSTRAINT valid_target CHECK ((target_revision IS NULL) = (target_reason IS NULL)),
      ADD CONSTRAINT valid_target_reason CHECK (target_reason IN ('RolledBack', 'Pinned'));
    ALTER TABLE instances ADD COLUMN draining_since TIMESTAMP WITH TIME ZONE;
    DROP INDEX idx_instances_live;
    CREATE UNIQUE INDEX idx_instances_live ON instances (app_name, replica_index, revision)
      WHERE removed_at IS NULL AND status IN ('starting', 'running');
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    UPDATE instances SET status = 'error' WHERE removed_at IS NULL AND status IN ('draining', 'stopping');
    DROP INDEX idx_instances_live;
    CREATE UNIQUE INDEX idx_instances_live ON instances (app_name, replica_index, revision)
      WHERE removed_at IS NULL AND status IN ('starting', 'running', 'draining', 'stopping');
    ALTER TABLE instances DROP COLUMN draining_since;
    ALTER TABLE applications
      DROP COLUMN target_revision, DROP COLUMN target_reason, DROP COLUMN rollout,
      DROP COLUMN rollout_paused, DROP COLUMN retries;
  `);
}
