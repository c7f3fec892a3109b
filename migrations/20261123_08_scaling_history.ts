import type { Knex } from 'knex';

/** For those who read: how and why the counts of replicas changed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE VIEW scaling_history AS
      SELECT id, app_name, app_uid, evaluated_at, decision, current_replicas, desired_replicas, reason, message,
             inputs, clamps
      FROM scaling_decisions WHERE decision <> 'hold' ORDER BY evaluated_at DESC, id DESC;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP VIEW scaling_history');
}
