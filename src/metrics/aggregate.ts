import type { MetricSample, MetricType } from '../store/metrics.ts';
import type { AppMeasurement, InstanceMeasurement, Measurement } from './measurement.ts';
import type { TrafficSample } from './tally.ts';

/** By type; what is not known is not there. */
export type MetricValues = Partial<Record<MetricType, number>>;

export const UNITS: Readonly<Record<MetricType, string>> = {
  cpu_percent: '%',
  memory_percent: '%',
  memory_bytes: 'bytes',
  rps: 'req/s',
  latency_p50: 'ms',
  latency_p95: 'ms',
  latency_p99: 'ms',
  active_connections: 'requests',
  error_rate: '%',
  response_time: 'ms',
  queue_length: 'requests',
  disk_usage: 'bytes',
};

/** The labels of an app's samples that say how many instances were ready, and of how many of those the usage was measured. */
export const READY_LABEL = 'ready';
export const MEASURED_LABEL = 'measured';

/** The samples of a measurement, at all three levels. */
export function samplesOf({ at, apps, system, diskMeasured }: Measurement): MetricSample[] {
  const samples: MetricSample[] = [];
  const add = (
    aggregationLevel: MetricSample['aggregationLevel'],
    appName: string | null,
    labels: Record<string, string> | null,
    values: MetricValues,
  ): void => {
    for (const [type, value] of Object.entries(values)) {
      const metricType = type as MetricType;
      if (metricType === 'disk_usage' && !diskMeasured) continue;
      const unit = UNITS[metricType];
      samples.push({ appName, metricType, timestamp: at, value, labels, unit, aggregationLevel });
    }
  };
  for (const measured of apps) {
    for (const instance of measured.instances) {
      add('instance', measured.app, { instance: instance.name }, instanceValues(instance));
    }
    const { ready, cpu, memory } = readinessOf(measured);
    const labels = (of: number) => ({ [READY_LABEL]: String(ready), [MEASURED_LABEL]: String(of) });
    const { memory_percent: share, memory_bytes: bytes, ...rest } = appValues(measured);
    add('app', measured.app, labels(cpu), rest);
    add('app', measured.app, labels(memory), known({ memory_percent: share, memory_bytes: bytes }));
  }
  add('system', null, { scope: system.usage.scope }, systemValues(system));
  return samples;
}

export function instanceValues({ usage, diskBytes, traffic }: InstanceMeasurement): MetricValues {
  return known({
    cpu_percent: usage?.cpuPercent,
    memory_percent: usage?.memoryPercent,
    memory_bytes: usage?.memoryBytes,
    disk_usage: diskBytes,
    ...trafficValues(traffic),
  });
}

/**
 * An app as a whole: percentages are means over its ready instances, for they are what a request meets; bytes are sums
 * over all that run, for they are what the app takes. Traffic is that of the app, not a sum of its instances': a request
 * that nobody could answer is one of the app's.
 */
export function appValues({ instances, traffic }: AppMeasurement): MetricValues {
  const ready = instances.filter((instance) => instance.ready);
  return known({
    cpu_percent: mean(ready.map(({ usage }) => usage?.cpuPercent)),
    memory_percent: mean(ready.map(({ usage }) => usage?.memoryPercent)),
    memory_bytes: sum(instances.map(({ usage }) => usage?.memoryBytes)),
    disk_usage: sum(instances.map(({ diskBytes }) => diskBytes)),
    ...trafficValues(traffic),
  });
}

/** How many instances of an app were ready, and of how many of those CPU is known, which takes two readings, and memory. */
function readinessOf({ instances }: AppMeasurement): { ready: number; cpu: number; memory: number } {
  const ready = instances.filter((instance) => instance.ready);
  const cpu = ready.filter(({ usage }) => typeof usage?.cpuPercent === 'number');
  const memory = ready.filter(({ usage }) => typeof usage?.memoryPercent === 'number');
  return { ready: ready.length, cpu: cpu.length, memory: memory.length };
}

/** All together. In flight is what nginx itself shows at that moment, and what has ended only where it shows nothing. */
export function systemValues({ usage, traffic, inFlight }: Measurement['system']): MetricValues {
  const ofTraffic = trafficValues(traffic);
  return known({
    cpu_percent: usage.cpuPercent,
    memory_percent: usage.memoryPercent,
    memory_bytes: usage.memoryBytes,
    disk_usage: usage.diskBytes,
    ...ofTraffic,
    active_connections: inFlight ?? ofTraffic.active_connections,
  });
}

function trafficValues(traffic: TrafficSample | null): MetricValues {
  if (!traffic) return {};
  const { latency } = traffic;
  return known({
    rps: traffic.rps,
    error_rate: traffic.errorRate,
    latency_p50: latency.percentile(50),
    latency_p95: latency.percentile(95),
    latency_p99: latency.percentile(99),
    response_time: traffic.responseTime,
    active_connections: traffic.activeConnections,
    queue_length: traffic.queueLength,
  });
}

function known(values: Partial<Record<MetricType, number | null | undefined>>): MetricValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === 'number'));
}

function mean(values: readonly (number | null | undefined)[]): number | null {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0) / numbers.length;
}

/** Null when any of them is unknown, or there is none at all: part of a sum would look like a fall. */
function sum(values: readonly (number | null | undefined)[]): number | null {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < values.length || numbers.length === 0) return null;
  return numbers.reduce((total, value) => total + value, 0);
}
