import type { Connection } from './database.ts';
import type { AggregationLevel, MetricType } from './metrics.ts';

/** What was measured last of one application, or of one of its instances. */
export interface LatestMetrics {
  app: string;
  /** The container's name; null at level `app`. */
  instance: string | null;
  /** What could be measured, all of one moment. */
  values: Partial<Record<MetricType, number>>;
}

/** Six intervals: what is older says nothing about now. */
const FRESH_SECONDS = 30;

/** The last measurement of every application, or of every instance; with `app`, of that one's. One query. */
export async function latestMetrics(
  connection: Connection,
  level: Exclude<AggregationLevel, 'system'>,
  app?: string,
): Promise<LatestMetrics[]> {
  return await connection.query<LatestMetrics>(
    `SELECT app_name AS app, instance, json_object_agg(metric_type, value) AS values
     FROM (
       SELECT app_name, labels ->> 'instance' AS instance, metric_type, value, timestamp,
              max(timestamp) OVER (PARTITION BY app_name, labels ->> 'instance') AS newest
       FROM metrics
       WHERE aggregation_level = ? AND app_name = COALESCE(?, app_name)
         AND timestamp >= now() - make_interval(secs => ?::float8)
     ) recent
     WHERE timestamp = newest GROUP BY app_name, instance`,
    [level, app ?? null, FRESH_SECONDS],
  );
}
