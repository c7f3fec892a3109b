import { summarizeMetrics, type MetricSummary } from '../../store/metrics-summary.ts';
import { listApplications } from '../../store/read.ts';
import { metricText } from '../metric-text.ts';
import { missingApp } from '../missing-app.ts';
import type { Resource } from '../resource.ts';

/** What was measured of one app, as a whole and of its instances, in the last `seconds`. */
export function metricsOf(seconds: number): Resource<MetricSummary> {
  return {
    kind: 'metric',
    words: ['metrics', 'metric'],
    byName: false,
    nameOf: ({ metric_type: type, aggregation_level: level }) => `${level}/${type}`,
    async list(connection, name = '') {
      const rows = await summarizeMetrics(connection, name, seconds);
      if (rows.length === 0 && (await listApplications(connection, name)).length === 0)
        throw missingApp(name);
      return rows;
    },
    columns: [
      { title: 'METRIC', cell: ({ metric_type: type }) => type },
      { title: 'LEVEL', cell: ({ aggregation_level: level }) => level },
      { title: 'LAST', cell: ({ metric_type: type, last }) => metricText(type, last) },
      { title: 'MEAN', cell: ({ metric_type: type, mean }) => metricText(type, mean) },
      { title: 'MEDIAN', cell: ({ metric_type: type, median }) => metricText(type, median) },
      { title: 'MAX', cell: ({ metric_type: type, max }) => metricText(type, max) },
      { title: 'SAMPLES', cell: ({ data_points: count }) => count },
    ],
  };
}
