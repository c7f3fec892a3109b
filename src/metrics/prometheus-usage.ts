import { Gauge, type Registry } from 'prom-client';
import type { MetricType } from '../store/metrics.ts';
import { appValues, instanceValues, systemValues, type MetricValues } from './aggregate.ts';
import type { Measurement } from './measurement.ts';

/** Ratios, seconds and bytes, as Prometheus has them. */
interface Series {
  /** Without the level's prefix. */
  name: string;
  help: string;
  factor: number;
  labels?: { quantile: string };
}

const LATENCY = { name: 'latency_seconds', help: 'Duration of requests, by quantile.', factor: 0.001 };

const SERIES: Readonly<Record<MetricType, Series>> = {
  cpu_percent: {
    name: 'cpu_ratio',
    help: 'CPU in use, of the limit or the cores of the host.',
    factor: 0.01,
  },
  memory_percent: {
    name: 'memory_ratio',
    help: 'Memory in use, of the limit or the memory of the host.',
    factor: 0.01,
  },
  memory_bytes: { name: 'memory_bytes', help: 'Working set.', factor: 1 },
  disk_usage: { name: 'disk_bytes', help: 'Disk space in use.', factor: 1 },
  rps: { name: 'requests_per_second', help: 'Requests a second.', factor: 1 },
  latency_p50: { ...LATENCY, labels: { quantile: '0.5' } },
  latency_p95: { ...LATENCY, labels: { quantile: '0.95' } },
  latency_p99: { ...LATENCY, labels: { quantile: '0.99' } },
  response_time: {
    name: 'response_seconds',
    help: 'Mean time that instances took to respond.',
    factor: 0.001,
  },
  active_connections: { name: 'active_connections', help: 'Mean number of requests in flight.', factor: 1 },
  queue_length: {
    name: 'queue_length',
    help: 'Mean number of requests waiting for an instance.',
    factor: 1,
  },
  error_rate: { name: 'error_ratio', help: 'Responses of 500 and above, of all.', factor: 0.01 },
};

/** Instances that get series of their own, at most: what is beyond is in the figures of its app. */
const MOST_INSTANCES = 1_000;

/** The last metrics of apps and instances. What is shown replaces all that was, so that what is gone disappears. */
export class UsageGauges {
  readonly #app: Level<'app'>;
  readonly #instance: Level<'app' | 'instance'>;
  readonly #system: Level<'scope'>;

  constructor(registry: Registry) {
    this.#app = new Level(registry, 'app', ['app']);
    this.#instance = new Level(registry, 'instance', ['app', 'instance']);
    this.#system = new Level(registry, 'system', ['scope']);
  }

  show({ apps, system }: Measurement): void {
    for (const level of [this.#app, this.#instance, this.#system]) level.clear();
    for (const measured of apps) this.#app.set({ app: measured.app }, appValues(measured));
    const instances = apps.flatMap(({ app, instances: all }) => all.map((instance) => ({ app, instance })));
    for (const { app, instance } of instances.slice(0, MOST_INSTANCES)) {
      this.#instance.set({ app, instance: instance.name }, instanceValues(instance));
    }
    this.#system.set({ scope: system.usage.scope }, systemValues(system));
  }
}

/** The gauges of one level: `autoserve_app_…`, so that nobody adds an app to its own instances by mistake. */
class Level<Label extends string> {
  readonly #gauges = new Map<string, Gauge>();

  constructor(registry: Registry, level: string, labelNames: readonly Label[]) {
    for (const { name, help, labels } of Object.values(SERIES)) {
      if (this.#gauges.has(name)) continue;
      const gauge = new Gauge({
        name: `autoserve_${level}_${name}`,
        help,
        labelNames: labels ? [...labelNames, 'quantile'] : [...labelNames],
        registers: [registry],
      });
      this.#gauges.set(name, gauge);
    }
  }

  clear(): void {
    for (const gauge of this.#gauges.values()) gauge.reset();
  }

  set(labels: Readonly<Record<Label, string>>, values: MetricValues): void {
    for (const [type, value] of Object.entries(values)) {
      const series = SERIES[type as MetricType];
      this.#gauges.get(series.name)?.set({ ...labels, ...series.labels }, value * series.factor);
    }
  }
}
