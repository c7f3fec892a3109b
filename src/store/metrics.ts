import type { Connection } from './database.ts';
import { toJson } from './json.ts';

export type MetricType =
  | 'cpu_percent'
  | 'memory_percent'
  | 'memory_bytes'
  | 'rps'
  | 'latency_p50'
  | 'latency_p95'
  | 'latency_p99'
  | 'active_connections'
  | 'error_rate'
  | 'response_time'
  | 'queue_length'
  | 'disk_usage';

/** What a sample is about: one container, an application as a whole, all of them together. */
export type AggregationLevel = 'instance' | 'app' | 'system';

export interface MetricSample {
  /** Null only at level `system`. */
  appName: string | null;
  metricType: MetricType;
  timestamp: Date;
  value: number;
  labels: Record<string, string> | null;
  /** `%`, `bytes`, `ms` … */
  unit: string | null;
  aggregationLevel: AggregationLevel;
}

/** Nobody waits for the disk: a crash of the server may cost the samples of its last second. */
const INSERT = `
  INSERT INTO metrics (app_name, metric_type, timestamp, value, labels, unit, aggregation_level)
  SELECT sample.* FROM (SELECT set_config('synchronous_commit', 'off', true)) unsynchronized,
    unnest(?::text[], ?::text[], ?::timestamptz[], ?::float8[], ?::jsonb[], ?::text[], ?::text[]) sample`;

/**
 * Writes samples in one statement and returns how many. One odd sample is no reason to lose the others: those whose
 * value is not finite are left out, and `memory_percent` is brought into 0 to 100.
 */
export async function insertMetrics(
  connection: Connection,
  samples: readonly MetricSample[],
): Promise<number> {
  const written = samples.filter(({ value }) => Number.isFinite(value));
  if (written.length === 0) return 0;
  await connection.query(INSERT, [
    texts(written.map(({ appName }) => appName)),
    texts(written.map(({ metricType }) => metricType)),
    texts(written.map(({ timestamp }) => timestamp.toISOString())),
    written.map(storedValue),
    texts(written.map(({ labels }) => labels && toJson(labels))),
    texts(written.map(({ unit }) => unit)),
    texts(written.map(({ aggregationLevel }) => aggregationLevel)),
  ]);
  return written.length;
}

/** The driver sends null as an element, which only the type of a binding does not know. */
function texts(values: (string | null)[]): string[] {
  return values as string[];
}

function storedValue({ metricType, value }: MetricSample): number {
  return metricType === 'memory_percent' ? Math.min(Math.max(value, 0), 100) : value;
}

export type WindowMetric = 'cpu_percent' | 'memory_percent' | 'rps' | 'latency_p95' | 'active_connections';

export interface WindowStatistics {
  avg: number;
  min: number;
  max: number;
  p50: number;
  p95: number;
  data_points: number;
}

const WINDOW = `
  SELECT metric_type, avg(value) AS avg, min(value) AS min, max(value) AS max,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS p50,
         percentile_cont(0.95) WITHIN GROUP (ORDER BY value) AS p95,
         count(*) AS data_points
  FROM metrics
  WHERE app_name = ? AND aggregation_level = ? AND metric_type IN ('cpu_percent', 'memory_percent', 'rps', 'latency_p95', 'active_connections')
    AND timestamp >= now() - make_interval(secs => 60 * ?::float8)
  GROUP BY metric_type`;

/**
 * What an application's metrics were in the last `windowMinutes`; a type without samples is left out. One query.
 *
 * @param level whose samples: those of the instances, or those of the application as a whole. They are never mixed, for
 * the requests of an application are the sum of its instances'.
 */
export async function getAppMetricsWindow(
  connection: Connection,
  appName: string,
  windowMinutes = 5,
  level: Exclude<AggregationLevel, 'system'> = 'instance',
): Promise<Partial<Record<WindowMetric, WindowStatistics>>> {
  const rows = await connection.query<WindowStatistics & { metric_type: WindowMetric }>(WINDOW, [
    appName,
    level,
    windowMinutes,
  ]);
  return Object.fromEntries(rows.map(({ metric_type: type, ...statistics }) => [type, statistics]));
}
