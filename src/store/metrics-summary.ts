import type { Connection } from './database.ts';
import type { AggregationLevel, MetricType } from './metrics.ts';

/** What one metric of an application was over a window, at one level; keys are for JSON. */
export interface MetricSummary {
  metric_type: MetricType;
  aggregation_level: Exclude<AggregationLevel, 'system'>;
  unit: string | null;
  /** At the last measurement; at level `instance`, of the instance where it is highest. */
  last: number;
  /** Null for percentiles, of which there is no mean. */
  mean: number | null;
  median: number;
  max: number;
  data_points: number;
  newest_at: Date;
}

/** Every metric of an application in the last `seconds`, by the database's clock, the application's own first. One query. */
export async function summarizeMetrics(
  connection: Connection,
  app: string,
  seconds: number,
): Promise<MetricSummary[]> {
  return await connection.query<MetricSummary>(
    `SELECT metric_type, aggregation_level, max(unit) AS unit,
            max(value) FILTER (WHERE timestamp = newest) AS last,
            CASE WHEN metric_type NOT LIKE 'latency%' THEN avg(value) END AS mean,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median,
            max(value) AS max, count(*) AS data_points, max(newest) AS newest_at
     FROM (
       SELECT *, max(timestamp) OVER (PARTITION BY aggregation_level, metric_type) AS newest FROM metrics
       WHERE app_name = ? AND aggregation_level IN ('app', 'instance')
         AND timestamp >= now() - make_interval(secs => ?::float8)
     ) recent
     GROUP BY aggregation_level, metric_type ORDER BY aggregation_level, metric_type`,
    [app, seconds],
  );
}
