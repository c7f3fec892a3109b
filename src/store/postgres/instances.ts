import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type { HealthRecord, InstanceHealth } from '../instance-health.ts';
import type { InstanceStatus } from '../store.ts';
import { assignments, incoming, list, type Columns } from './columns.ts';

export const INSTANCE_COLUMNS: Columns<InstanceStatus> = [
  ['app_name', 'appName', 'text'],
  ['container_name', 'containerName', 'text'],
  ['container_id', 'containerId', 'text'],
  ['replica_index', 'replicaIndex', 'integer'],
  ['revision', 'revision', 'integer'],
  ['attempt', 'attempt', 'integer'],
  ['restarts', 'restarts', 'integer'],
  ['spec_hash', 'specHash', 'text'],
  ['image_id', 'imageId', 'text'],
  ['ip', 'ip', 'inet'],
  ['port', 'port', 'integer'],
  ['status', 'status', 'text'],
  ['draining_since', 'drainingSince', 'timestamptz'],
  ['started_at', 'startedAt', 'timestamptz'],
  ['finished_at', 'finishedAt', 'timestamptz'],
  ['exit_code', 'exitCode', 'integer'],
  ['oom_killed', 'oomKilled', 'boolean'],
  ['removed_at', 'removedAt', 'timestamptz'],
];

export const HEALTH_COLUMNS: Columns<HealthRecord> = [
  ['health_status', 'healthStatus', 'text'],
  ['health_since', 'healthSince', 'timestamptz'],
  ['failure_count', 'failureCount', 'integer'],
  ['consecutive_failures', 'consecutiveFailures', 'integer'],
  ['last_health_check', 'lastHealthCheck', 'timestamptz'],
  ['last_failure_at', 'lastFailureAt', 'timestamptz'],
  ['last_probes', 'lastProbes', 'jsonb'],
  ['health_check', 'healthCheck', 'jsonb'],
];

/**
 * The upsert of instances, after `WITH`; one binding. A removed instance ends its row, and only then do the others
 * come, those that are not live first, so that a slot is free before its next instance takes it. What was removed
 * never comes back, and an instance whose application is gone is left out.
 */
export const UPSERT_INSTANCES = `
  incoming AS MATERIALIZED (${incoming(INSTANCE_COLUMNS)}),
  ended AS (
    UPDATE instances i SET ${assignments(INSTANCE_COLUMNS, 'n')} FROM incoming n
    WHERE n.removed_at IS NOT NULL AND i.removed_at IS NULL AND i.container_name = n.container_name
      AND (i.container_id = n.container_id) IS NOT FALSE
    RETURNING i.container_name
  )
  INSERT INTO instances AS i (${list(INSTANCE_COLUMNS)})
  SELECT ${list(INSTANCE_COLUMNS, 'n.')} FROM incoming n JOIN applications a ON a.name = n.app_name
  WHERE (SELECT count(*) FROM ended) >= 0
    AND (n.removed_at IS NULL OR n.container_id IS NOT NULL AND n.container_name NOT IN (SELECT container_name FROM ended))
    AND NOT EXISTS (SELECT FROM instances h WHERE h.container_id = n.container_id AND h.removed_at IS NOT NULL)
  ORDER BY n.status IN ('starting', 'running'), n.container_name
  ON CONFLICT (container_name) WHERE removed_at IS NULL
  DO UPDATE SET ${assignments(INSTANCE_COLUMNS, 'EXCLUDED')}
  WHERE (${list(INSTANCE_COLUMNS, 'i.')}) IS DISTINCT FROM (${list(INSTANCE_COLUMNS, 'EXCLUDED.')})`;

/**
 * Sends a statement that holds `UPSERT_INSTANCES`. A row that another statement ends meanwhile is in its way, for it still
 * takes the container's; it sees that when it is sent again.
 */
export async function sendUpsert(
  connection: Connection,
  sql: string,
  bindings: readonly string[],
): Promise<void> {
  for (let left = MOST_OVERTAKEN; ; left -= 1) {
    try {
      await connection.query(sql, bindings);
      return;
    } catch (error) {
      if (left === 0 || !isOvertaken(error)) throw error;
    }
  }
}

const MOST_OVERTAKEN = 3;

function isOvertaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'idx_instances_container_id';
}

export async function upsertInstances(
  connection: Connection,
  instances: readonly InstanceStatus[],
): Promise<void> {
  if (instances.length > 0) await sendUpsert(connection, `WITH ${UPSERT_INSTANCES}`, [toJson(instances)]);
}

export async function markRemoved(
  connection: Connection,
  containerIds: readonly string[],
  removedAt: Date,
): Promise<void> {
  if (containerIds.length === 0) return;
  await connection.query(
    `UPDATE instances SET status = 'stopped', removed_at = ?
     WHERE removed_at IS NULL AND container_id IN (SELECT json_array_elements_text(?))`,
    [removedAt, toJson(containerIds)],
  );
}

const INCOMING_HEALTH: Columns<InstanceHealth> = [['container_id', 'containerId', 'text'], ...HEALTH_COLUMNS];

/** Rows that another statement has locked are left alone: who waits for no lock is part of no deadlock. */
export async function writeHealth(
  connection: Connection,
  health: readonly InstanceHealth[],
): Promise<string[]> {
  if (health.length === 0) return [];
  const rows = await connection.query<{ containerId: string }>(
    `WITH incoming AS MATERIALIZED (${incoming(INCOMING_HEALTH)}),
     present AS MATERIALIZED (
       SELECT i.id, i.container_id FROM instances i JOIN incoming n USING (container_id)
       WHERE i.removed_at IS NULL
       FOR NO KEY UPDATE OF i SKIP LOCKED
     ),
     written AS (
       UPDATE instances i SET ${assignments(HEALTH_COLUMNS, 'n')}
       FROM incoming n JOIN present USING (container_id)
       WHERE i.id = present.id AND (${list(HEALTH_COLUMNS, 'i.')}) IS DISTINCT FROM (${list(HEALTH_COLUMNS, 'n.')})
     )
     SELECT container_id AS "containerId" FROM present`,
    [toJson(health)],
  );
  return rows.map(({ containerId }) => containerId);
}
