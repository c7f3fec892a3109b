import type { Knex } from 'knex';

/** What probes showed of an instance, beyond the counts: since when, by which check, and the last of them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE instances
      ADD COLUMN health_since TIMESTAMP WITH TIME ZONE,
      ADD COLUMN last_probes JSONB NOT NULL DEFAULT '[]',
      ADD COLUMN health_check JSONB,
      ADD CONSTRAINT valid_consecutive_failures CHECK (consecutive_failures >= 0);

    CREATE OR REPLACE VIEW instance_status AS
      SELECT id, app_name, replica_index, revision, container_name, container_id, status, health_status,
             host(ip) AS ip, port, restarts, exit_code, oom_killed, cpu_percent, memory_percent,
             memory_usage_bytes, created_at, started_at, finished_at, updated_at,
             health_since, failure_count, consecutive_failures, last_health_check, last_failure_at,
             last_probes -> -1 ->> 'message' AS last_probe
      FROM instances WHERE removed_at IS NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP VIEW instance_status;
    CREATE VIEW instance_status AS
      SELECT id, app_name, replica_index, revision, container_name, container_id, status, health_status,
             host(ip) AS ip, port, restarts, exit_code, oom_killed, cpu_percent, memory_percent,
             memory_usage_bytes, created_at, started_at, finished_at, updated_at
      FROM instances WHERE removed_at IS NULL;
    ALTER TABLE instances
      DROP CONSTRAINT valid_consecutive_failures,
      DROP COLUMN health_since, DROP COLUMN last_probes, DROP COLUMN health_check;
  `);
}
