import type { Knex } from 'knex';

/** What the image of a revision was, under the digest that its registry knows it by; and which revisions are kept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE revisions ADD COLUMN image_digest VARCHAR(128);

    -- An application keeps its last ten revisions, the one that is pinned or gone back to, and the one to go back to.
    CREATE FUNCTION is_kept_revision(uid UUID, number INTEGER) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
      SELECT EXISTS (
        SELECT FROM applications a WHERE a.uid = $1 AND ($2 > a.revision - 10 OR $2 = a.target_revision OR $2 = (
          SELECT max(r.revision) FROM revisions r
          WHERE r.app_uid = a.uid AND r.stable AND NOT r.quarantined AND r.revision <> a.revision)))
    $$;
    ${cleanupOldData('NOT is_kept_revision(row.app_uid, row.revision)')};
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ${cleanupOldData(`NOT EXISTS (
      SELECT FROM applications a WHERE a.uid = row.app_uid AND (row.revision > a.revision - 10 OR row.revision =
        (SELECT max(revision) FROM revisions s WHERE s.app_uid = a.uid AND s.stable)))`)};
    DROP FUNCTION is_kept_revision(UUID, INTEGER);
    ALTER TABLE revisions DROP COLUMN image_digest;
  `);
}

/** Replaced in place; all but the condition on revisions is as it was. */
function cleanupOldData(supersededRevisions: string): string {
  return `
    CREATE OR REPLACE FUNCTION cleanup_old_data(batch_size BIGINT DEFAULT NULL)
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
          ('revisions (superseded)', 'revisions', 'created_at', $kept$${supersededRevisions}$kept$, NULL),
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
    END $$`;
}
