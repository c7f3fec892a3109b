import type { Connection } from './database.ts';

/** What is kept for a time, as `cleanup_old_data()` calls it, and for how many days unless the configuration says. */
const kinds = {
  events: ['events', 30],
  instanceMetrics: ['metrics (instance)', 7],
  appMetrics: ['metrics (app)', 30],
  systemMetrics: ['metrics (system)', 30],
  stoppedInstances: ['instances (stopped)', 7],
  closedOperations: ['operations (closed)', 7],
  supersededRevisions: ['revisions (superseded)', 90],
  scalingDecisions: ['scaling_decisions', 30],
  failures: ['failures', 7],
  compressedEvents: ['events_compressed', 365],
} as const;

export type RetentionKind = keyof typeof kinds;

/** How many days each kind is kept. */
export type RetentionDays = Record<RetentionKind, number>;

export const defaultRetentionDays = Object.freeze(
  Object.fromEntries(Object.entries(kinds).map(([kind, [, days]]) => [kind, days])) as RetentionDays,
);

/** How many rows were removed of a table. */
export interface Cleaned {
  table_name: string;
  deleted_count: number;
}

/** Tells the database how long to keep what; `cleanup_old_data()` goes by it, whoever calls it. */
export async function writeRetentionPeriods(connection: Connection, days: RetentionDays): Promise<void> {
  const periods = Object.entries(kinds).map(([kind, [name]]) => [name, days[kind as RetentionKind]] as const);
  await connection.query(
    `UPDATE retention_periods p SET keep = make_interval(days => n.days)
     FROM unnest(?::text[], ?::integer[]) AS n (name, days)
     WHERE p.table_name = n.name AND p.keep <> make_interval(days => n.days)`,
    [periods.map(([name]) => name), periods.map(([, keep]) => keep)],
  );
}

/** Rows that one cleanup removes of each table: few enough to hold no lock for long. */
const BATCH_ROWS = 5_000;

/** Removes some of what is older than its period, of each table a batch of rows, of metrics whole partitions. */
export function cleanupOldData(connection: Connection, batchRows = BATCH_ROWS): Promise<Cleaned[]> {
  return connection.query<Cleaned>('SELECT table_name, deleted_count FROM cleanup_old_data(?)', [batchRows]);
}

/** Whether a cleanup left something that is due. */
export function leftSome(cleaned: readonly Cleaned[], batchRows = BATCH_ROWS): boolean {
  return cleaned.some(({ deleted_count: count }) => count >= batchRows);
}

/** Removes all that is older than its period, batch by batch, and returns how much of each table it was. */
export async function cleanupAllOldData(connection: Connection, batchRows = BATCH_ROWS): Promise<Cleaned[]> {
  const counts = new Map<string, number>();
  for (;;) {
    const cleaned = await cleanupOldData(connection, batchRows);
    for (const { table_name: name, deleted_count: count } of cleaned)
      counts.set(name, (counts.get(name) ?? 0) + count);
    if (!leftSome(cleaned, batchRows))
      return [...counts].map(([name, count]) => ({ table_name: name, deleted_count: count }));
  }
}

/** Makes the partitions of metrics of today and the days to come, and returns how many were missing. */
export async function ensureMetricsPartitions(connection: Connection): Promise<number> {
  const [row] = await connection.query<{ made: number }>('SELECT ensure_metrics_partitions() AS made');
  return row?.made ?? 0;
}

/** Has pg_cron run the cleanup every night, and returns whether there is a pg_cron in this database. */
export async function scheduleWithPgCron(connection: Connection): Promise<boolean> {
  const [found] = await connection.query(
    `SELECT FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
     WHERE nspname = 'cron' AND proname = 'schedule' AND pronargs = 3`,
  );
  if (!found) return false;
  await connection.query(
    `SELECT cron.schedule('cleanup-old-data', '0 2 * * *', 'SELECT cleanup_old_data();')`,
  );
  return true;
}
