import type { Knex } from 'knex';

/** The watched folder, as the AutoServe that watches it has it: commands go by it, whatever their own settings. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE installation ADD COLUMN manifests TEXT');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE installation DROP COLUMN manifests');
}
