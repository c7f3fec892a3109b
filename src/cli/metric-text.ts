import { figure } from '../controllers/scaling/sentence.ts';
import { UNITS } from '../metrics/aggregate.ts';
import type { MetricType } from '../store/metrics.ts';
import { formatBytes } from './bytes.ts';

/**
 * A value for a table, in three digits of which two are behind the point at most: `40 %`, `120 ms`, `8.2 MiB`, `92`; empty
 * where nothing was measured.
 */
export function metricText(type: MetricType, value: number | null | undefined): string {
  if (value === null || value === undefined) return '';
  const unit = UNITS[type];
  if (unit === 'bytes') return formatBytes(value);
  const text = figure(Math.round(value * 100) / 100);
  return unit === '%' || unit === 'ms' ? `${text} ${unit}` : text;
}
