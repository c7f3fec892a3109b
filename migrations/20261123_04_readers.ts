import type { Knex } from 'knex';

/** For those who read: views, and NOTIFY on channel `autoserve` for every status change. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE VIEW app_status AS
      SELECT a.name, a.status, a.replicas, a.desired_replicas, a.mode, a.spec #>> '{spec,image}' AS image,
             a.generation, a.observed_generation, a.revision,
             ready.condition ->> 'status' AS ready, ready.condition ->> 'reason' AS reason,
             ready.condition ->> 'message' AS message,
             a.source_path, a.source_revision, a.suspended, a.deletion_requested_at,
             a.last_scaled_at, a.created_at, a.updated_at
      FROM applications a
      LEFT JOIN LATERAL (
        SELECT condition FROM jsonb_array_elements(a.conditions) AS c (condition)
        WHERE condition ->> 'type' = 'Ready' LIMIT 1
      ) ready ON true;

    CREATE VIEW instance_status AS
      SELECT id, app_name, replica_index, revision, container_name, container_id, status, health_status,
             host(ip) AS ip, port, restarts, exit_code, oom_killed, cpu_percent, memory_percent,
             memory_usage_bytes, created_at, started_at, finished_at, updated_at
      FROM instances WHERE removed_at IS NULL;

    CREATE VIEW recent_events AS
      SELECT * FROM events WHERE timestamp > now() - interval '7 days' ORDER BY timestamp DESC, id DESC;

    CREATE FUNCTION notify_application_status() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      app applications := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    BEGIN
      PERFORM pg_notify('autoserve', json_build_object(
        'table', TG_TABLE_NAME, 'operation', lower(TG_OP), 'app_name', app.name, 'status', app.status,
        'replicas', app.replicas, 'desired_replicas', app.desired_replicas)::text);
      RETURN NULL;
    END $$;
    CREATE TRIGGER notify_created_deleted AFTER INSERT OR DELETE ON applications
      FOR EACH ROW EXECUTE FUNCTION notify_application_status();
    CREATE TRIGGER notify_changed AFTER UPDATE ON applications FOR EACH ROW
      WHEN ((OLD.status, OLD.replicas, OLD.desired_replicas, OLD.conditions, OLD.deletion_requested_at)
        IS DISTINCT FROM (NEW.status, NEW.replicas, NEW.desired_replicas, NEW.conditions, NEW.deletion_requested_at))
      EXECUTE FUNCTION notify_application_status();

    CREATE FUNCTION notify_instance_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('autoserve', json_build_object(
        'table', TG_TABLE_NAME, 'operation', lower(TG_OP), 'app_name', NEW.app_name,
        'container_name', NEW.container_name, 'status', NEW.status,
        'health_status', NEW.health_status, 'removed', NEW.removed_at IS NOT NULL)::text);
      RETURN NULL;
    END $$;
    CREATE TRIGGER notify_created AFTER INSERT ON instances
      FOR EACH ROW EXECUTE FUNCTION notify_instance_status();
    CREATE TRIGGER notify_changed AFTER UPDATE ON instances FOR EACH ROW
      WHEN ((OLD.status, OLD.health_status, OLD.removed_at)
        IS DISTINCT FROM (NEW.status, NEW.health_status, NEW.removed_at))
      EXECUTE FUNCTION notify_instance_status();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER notify_created ON instances;
    DROP TRIGGER notify_changed ON instances;
    DROP TRIGGER notify_created_deleted ON applications;
    DROP TRIGGER notify_changed ON applications;
    DROP FUNCTION notify_instance_status();
    DROP FUNCTION notify_application_status();
    DROP VIEW recent_events, instance_status, app_status;
  `);
}
