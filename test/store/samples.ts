import type { MetricSample } from '../../src/store/metrics.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** So many milliseconds ago. */
export function ago(ms: number): Date {
  return new Date(Date.now() - ms);
}

export function sample(some: Partial<MetricSample> = {}): MetricSample {
  return {
    appName: 'web',
    metricType: 'cpu_percent',
    timestamp: new Date(),
    value: 1,
    labels: null,
    unit: '%',
    aggregationLevel: 'instance',
    ...some,
  };
}
