import type { Knex } from 'knex';

/** The count that was decided on: by the scaler in mode auto, by hand (`autoserve scale`) in mode manual. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE applications
      ADD COLUMN scaled_replicas INTEGER,
      ADD CONSTRAINT valid_scaled_replicas CHECK (scaled_replicas >= 0);
    UPDATE applications SET scaled_replicas = desired_replicas WHERE mode = 'auto' AND NOT suspended;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE applications DROP COLUMN scaled_replicas');
}
