import type { RecordedLoad } from '../controllers/scaling/backtest.ts';
import type { LedgerEntry } from '../controllers/scaling/ledger.ts';
import type { Connection } from './database.ts';
import { EVENT_COLUMNS } from './postgres/events.ts';
import type { NewEvent } from './store.ts';
import { toJson } from './json.ts';
import { incoming, list, selectList, type Columns } from './postgres/columns.ts';

const COLUMNS: Columns<LedgerEntry> = [
  ['app_name', 'appName', 'text'],
  ['app_uid', 'appUid', 'uuid'],
  ['evaluated_at', 'evaluatedAt', 'timestamptz'],
  ['current_replicas', 'currentReplicas', 'integer'],
  ['desired_replicas', 'desiredReplicas', 'integer'],
  ['decision', 'decision', 'text'],
  ['reason', 'reason', 'text'],
  ['message', 'message', 'text'],
  ['inputs', 'inputs', 'jsonb'],
  ['clamps', 'clamps', 'text[]'],
];

/** See `Store.recordScaling`. One statement. */
export async function recordScaling(connection: Connection, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const changes = entries.filter(({ decision }) => decision !== 'hold');
  await connection.query(
    `WITH written AS (
       INSERT INTO scaling_decisions (${list(COLUMNS)}) ${incoming(COLUMNS)}
       RETURNING app_name, app_uid, desired_replicas, decision
     ), changed AS (
       UPDATE applications a SET scaled_replicas = w.desired_replicas FROM written w
       WHERE a.name = w.app_name AND a.uid = w.app_uid AND a.mode = 'auto' AND w.decision <> 'hold'
         AND a.scaled_replicas IS DISTINCT FROM w.desired_replicas
       RETURNING a.name
     )
     INSERT INTO events (${list(EVENT_COLUMNS)})
     SELECT ${list(EVENT_COLUMNS)} FROM (${incoming(EVENT_COLUMNS)}) n
     WHERE app_name IN (SELECT name FROM changed)`,
    [toJson(entries), toJson(changes.map(scaled))],
  );
}

/** The event of a changed count. */
export function scaled(entry: LedgerEntry): NewEvent {
  const { appName, appUid, currentReplicas: from, desiredReplicas: to, reason, message, decision } = entry;
  return {
    eventType: 'scaling',
    eventCategory: 'application',
    reason: decision === 'scale_out' ? 'ScaledOut' : 'ScaledIn',
    appName,
    appUid,
    containerId: null,
    message: `${from} to ${to} instances: ${message}`,
    details: { from, to, reason },
    severity: 'info',
    timestamp: entry.evaluatedAt,
    source: 'scaler',
  };
}

export interface LedgerQuery {
  /** Leaves out evaluations that changed nothing. */
  changesOnly?: boolean;
  limit?: number;
}

/** The last evaluations of the application of this name, the latest first. */
export async function listScalingDecisions(
  connection: Connection,
  app: string,
  { changesOnly = false, limit = 1 }: LedgerQuery = {},
): Promise<LedgerEntry[]> {
  return await connection.query<LedgerEntry>(
    `SELECT ${selectList(COLUMNS)} FROM scaling_decisions
     WHERE app_name = ? ${changesOnly ? "AND decision <> 'hold'" : ''}
     ORDER BY evaluated_at DESC, id DESC LIMIT ?`,
    [app, limit],
  );
}

/** The last evaluation of every application that is there: what a restart goes on from. One query. */
export async function lastScalingDecisions(connection: Connection): Promise<LedgerEntry[]> {
  return await connection.query<LedgerEntry>(
    `SELECT ${selectList(COLUMNS)} FROM (
       SELECT last.* FROM applications a CROSS JOIN LATERAL (
         SELECT * FROM scaling_decisions d WHERE d.app_name = a.name AND d.app_uid = a.uid
         ORDER BY evaluated_at DESC, id DESC LIMIT 1
       ) last
     ) decisions ORDER BY app_name`,
  );
}

/**
 * An application's load of the last `seconds`, by the database's clock, in steps of 15 s: means, of latency the median.
 * Steps in which nothing was recorded are left out. One query.
 */
export async function listRecordedLoads(
  connection: Connection,
  app: string,
  seconds: number,
): Promise<RecordedLoad[]> {
  return await connection.query<RecordedLoad>(
    `SELECT date_bin('15 seconds', timestamp, to_timestamp(0)) AS at,
            avg(value) FILTER (WHERE metric_type = 'rps') AS rps,
            avg(value * (labels ->> 'ready')::float8) FILTER (WHERE metric_type = 'cpu_percent') AS cpu,
            avg(value) FILTER (WHERE metric_type = 'active_connections') AS connections,
            avg(value) FILTER (WHERE metric_type = 'memory_percent') AS memory,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY value)
              FILTER (WHERE metric_type = 'latency_p95') AS "latencyP95Ms"
     FROM metrics
     WHERE app_name = ? AND aggregation_level = 'app'
       AND metric_type IN ('rps', 'cpu_percent', 'active_connections', 'memory_percent', 'latency_p95')
       AND timestamp >= now() - make_interval(secs => ?::float8)
     GROUP BY 1 ORDER BY 1`,
    [app, seconds],
  );
}

/** The count an application had so many seconds ago, by the first evaluation since; undefined where there was none. */
export async function countSince(
  connection: Connection,
  { name, uid }: { name: string; uid: string },
  seconds: number,
): Promise<number | undefined> {
  const [row] = await connection.query<{ count: number }>(
    `SELECT current_replicas AS count FROM scaling_decisions
     WHERE app_name = ? AND app_uid = ? AND evaluated_at >= now() - make_interval(secs => ?::float8)
     ORDER BY evaluated_at, id LIMIT 1`,
    [name, uid, seconds],
  );
  return row?.count;
}
