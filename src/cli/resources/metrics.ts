import { summarizeMetrics, type MetricSummary } from '../../store/metrics-summary.ts';
import { metricText } from '../metric-text.ts';
import type { Resource } from '../resource.ts';

/** What was measured of one app, as a whole and of its instances, in the last `seconds`. */
export function metricsOf(seconds: number): Resource<MetricSummary> {
  return {
    kind: 'metric',
    words: ['metrics', 'metric'],
    byApp: true,
    nameOf: ({ metric_type: type, aggregation_level: level }) => `${level}/${type}`,
    list: async (connection, name = '') => await summarizeMetrics(connection, name, seconds),
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
