import type { Connection } from './database.ts';
import type { AggregationLevel, MetricSample, MetricType } from './metrics.ts';

interface Row {
  app_name: string | null;
  metric_type: MetricType;
  timestamp: Date;
  value: number;
  labels: Record<string, string> | null;
  unit: string | null;
}

/** The samples of one level of the last `seconds`, by the database's clock, oldest first. One query. */
export async function recentMetrics(
  connection: Connection,
  level: AggregationLevel,
  seconds: number,
): Promise<MetricSample[]> {
  const rows = await connection.query<Row>(
    `SELECT app_name, metric_type, timestamp, value, labels, unit FROM metrics
     WHERE aggregation_level = ? AND timestamp >= now() - make_interval(secs => ?::float8)
     ORDER BY timestamp`,
    [level, seconds],
  );
  return rows.map(({ app_name: appName, metric_type: metricType, ...rest }) => ({
    appName,
    metricType,
    ...rest,
    aggregationLevel: level,
  }));
}
