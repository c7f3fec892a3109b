import type { Knex } from 'knex';

/** Where the ingress is, as the AutoServe that runs it has it: commands show it, whatever their own settings. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE installation ADD COLUMN ingress_port INTEGER');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE installation DROP COLUMN ingress_port');
}
