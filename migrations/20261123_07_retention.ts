import type { Knex } from 'knex';

/** How long what is kept, and the function that removes what is older. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Written by AutoServe from its configuration. The names are those under which cleanup_old_data() counts.
    CREATE TABLE retention_periods (
      table_name TEXT PRIMARY KEY,
      keep INTERVAL NOT NULL,
      CONSTRAINT valid_keep CHECK (keep > interval '0')
    );
    INSERT INTO retention_periods VALUES
      ('events', '30 days'),
      ('metrics (instance)', '7 days'),
      ('metrics (app)', '30 days'),
      ('metrics (system)', '30 days'),
      ('instances (stopped)', '7 days'),
      ('operations (closed)', '7 days'),
      ('revisions (superseded)', '90 days'),
      ('scaling_decisions', '30 days'),
      ('failures', '7 days'),
      ('events_compressed', '365 days');

    CREATE INDEX idx_instances_removed_at ON instances (removed_at) WHERE removed_at IS NOT NULL;
    CREATE INDEX idx_operations_finished_at ON operations (finished_at) WHERE finished_at IS NOT NULL;
    CREATE INDEX idx_revisions_created_at ON revisions (created_at);

    -- Removes what is older than its period: of each table at most batch_size rows, the oldest first, when that is given.
    -- Metrics are dropped in whole partitions; in the default partitions is only what came too late for its own.
    CREATE FUNCTION cleanup_old_data(batch_size BIGINT DEFAULT NULL)
    RETURNS TABLE (table_name TEXT, deleted_count BIGINT)
    LANGUAGE plpgsql SET autoserve.retention = 'on' AS $$
    DECLARE
      old RECORD;
    BEGIN
      FOR old IN
        SELECT kind.*, now() - (SELECT keep FROM retention_periods p WHERE p.table_name = kind.name) AS cutoff
        FROM (VALUES
          ('events', 'events', 'timestamp', 'true', NULL),
          ('metrics (instance)', 'metrics_instance_default', 'timestamp', 'true', 'instance'),
          ('metrics (app)', 'metrics_app_default', 'timestamp', 'true', 'app'),
          ('metrics (system)', 'metrics_system_default', 'timestamp', 'true', 'system'),
          ('instances (stopped)', 'instances', 'removed_at', 'true', NULL),
          ('operations (closed)', 'operations', 'finished_at', 'true', NULL),
          -- An application keeps its last ten, and the last one that was stable, however old.
          ('revisions (superseded)', 'revisions', 'created_at', $kept$NOT EXISTS (
             SELECT FROM applications a WHERE a.uid = row.app_uid AND (row.revision > a.revision - 10 OR row.revision =
               (SELECT max(revision) FROM revisions s WHERE s.app_uid = a.uid AND s.stable)))$kept$, NULL),
          ('scaling_decisions', 'scaling_decisions', 'evaluated_at', 'true', NULL),
          ('failures', 'failures', 'failed_at', 'true', NULL),
          ('events_compressed', 'events_compressed', 'hour_bucket', 'true', NULL)
        ) AS kind (name, relation, moment, condition, level)
      LOOP
        EXECUTE format('DELETE FROM %1$I WHERE id IN
            (SELECT id FROM %1$I row WHERE %2$I < $1 AND %3$s ORDER BY %2$I LIMIT $2)',
          old.relation, old.moment, old.condition) USING old.cutoff, batch_size;
        GET DIAGNOSTICS deleted_count = ROW_COUNT;
        IF old.level IS NOT NULL THEN
          deleted_count := deleted_count + drop_metrics_partitions(old.level, old.cutoff);
        END IF;
        table_name := old.name;
        RETURN NEXT;
      END LOOP;
    END $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION cleanup_old_data(BIGINT);
    DROP INDEX idx_instances_removed_at, idx_operations_finished_at, idx_revisions_created_at;
    DROP TABLE retention_periods;
  `);
}
