import type { Connection } from './database.ts';
import type { MetricSample, MetricType } from './metrics.ts';

interface Row {
  app_name: string;
  metric_type: MetricType;
  timestamp: Date;
  value: number;
  labels: Record<string, string> | null;
  unit: string | null;
}

/** At least so much: a policy whose window is made longer is to have something to go by. */
const LEAST_SECONDS = 600;
/** The longest window that the schema allows; without it every day's partition would be looked at. */
const MOST_SECONDS = 7_200;

/**
 * The samples of level `app` that scaling policies look back at: of each application those of its window, by the
 * database's clock, oldest first. One query.
 */
export async function recentMetrics(connection: Connection): Promise<MetricSample[]> {
  const rows = await connection.query<Row>(
    `SELECT m.app_name, m.metric_type, m.timestamp, m.value, m.labels, m.unit FROM applications a
     CROSS JOIN LATERAL (
       SELECT GREATEST(?, (a.spec -> 'scaling' ->> 'windowSeconds')::float8) AS seconds
     ) w
     JOIN metrics m ON m.app_name = a.name AND m.aggregation_level = 'app'
       AND m.timestamp >= now() - make_interval(secs => w.seconds)
       AND m.timestamp >= now() - make_interval(secs => ?)
     ORDER BY m.timestamp`,
    [LEAST_SECONDS, MOST_SECONDS],
  );
  return rows.map(({ app_name: appName, metric_type: metricType, ...rest }) => ({
    appName,
    metricType,
    ...rest,
    aggregationLevel: 'app',
  }));
}
