import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AppState, Instrumentation, Outcome } from './instrumentation.ts';
import type { Measurement } from './measurement.ts';
import { UsageGauges } from './prometheus-usage.ts';

/** Different values of a label whose values nobody has listed; what comes after them shares one. */
const MOST_VALUES = 100;
const OTHER = 'other';

const PASS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CALL_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** AutoServe's own figures, and the last metrics of its apps, as Prometheus reads them; each with a registry of its own. */
export class Prometheus implements Instrumentation {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #usage = new UsageGauges(this.#registry);
  readonly #known = new Map<string, Set<string>>();
  readonly #reconcile = this.#histogram(
    'reconcile_duration_seconds',
    'Duration of a pass over the applications that were due.',
    ['outcome'],
    PASS_SECONDS,
  );
  readonly #queueDepth = this.#gauge('queue_depth', 'Applications that are due or being worked on.');
  readonly #engineCalls = this.#histogram(
    'engine_call_duration_seconds',
    'Duration of calls of the container engine.',
    ['kind', 'outcome'],
    CALL_SECONDS,
  );
  readonly #databaseWrites = this.#histogram(
    'database_write_duration_seconds',
    'Duration of writes to the database.',
    ['kind', 'outcome'],
    CALL_SECONDS,
  );
  readonly #syncs = this.#counter('syncs_total', 'Times the source was read, by result.', ['result']);
  readonly #errors = this.#counter('errors_total', 'Errors by code.', ['code']);
  readonly #decisions = this.#counter('scaling_decisions_total', 'Scaling decisions by direction.', [
    'direction',
  ]);
  readonly #dropped = this.#counter(
    'metric_samples_dropped_total',
    'Samples that never reached the database.',
  );
  readonly #lines = this.#counter('ingress_log_lines_total', 'Lines of the log of the ingress.', ['result']);
  readonly #apps = this.#gauge('apps', 'Applications by status.', ['status']);
  readonly #instances = this.#gauge('app_instances', 'Instances of an application, ready and desired.', [
    'app',
    'state',
  ]);
  #measurement: Measurement | undefined;

  constructor() {
    this.contentType = this.#registry.contentType;
    this.#gauge('process_resident_memory_bytes', 'Memory of AutoServe itself.', [], (gauge) =>
      gauge.set(process.memoryUsage.rss()),
    );
    this.#counter('process_cpu_seconds_total', 'CPU time of AutoServe itself.', [], (counter) => {
      const { user, system } = process.cpuUsage();
      counter.reset();
      counter.inc((user + system) / 1e6);
    });
  }

  /** The whole page. */
  async page(): Promise<string> {
    if (this.#measurement) this.#usage.show(this.#measurement);
    return await this.#registry.metrics();
  }

  /** Replaces the last metrics of all apps. */
  publish(measurement: Measurement): void {
    this.#measurement = measurement;
  }

  reconciled(outcome: Outcome, seconds: number): void {
    this.#reconcile.observe({ outcome }, seconds);
  }

  queueDepth(depth: number): void {
    this.#queueDepth.set(depth);
  }

  engineCall(kind: string, outcome: Outcome, seconds: number): void {
    this.#engineCalls.observe({ kind: this.#bounded('engine', kind), outcome }, seconds);
  }

  databaseWrite(kind: string, outcome: Outcome, seconds: number): void {
    this.#databaseWrites.observe({ kind: this.#bounded('database', kind), outcome }, seconds);
  }

  synced(result: Outcome | 'held'): void {
    this.#syncs.inc({ result });
  }

  error(code: string): void {
    this.#errors.inc({ code: this.#bounded('error', code) });
  }

  apps(apps: readonly AppState[]): void {
    this.#apps.reset();
    this.#instances.reset();
    for (const { app, status, ready, desired } of apps) {
      this.#apps.inc({ status });
      this.#instances.set({ app, state: 'ready' }, ready);
      this.#instances.set({ app, state: 'desired' }, desired);
    }
  }

  scalingDecision(direction: 'out' | 'in' | 'hold'): void {
    this.#decisions.inc({ direction });
  }

  samplesDropped(count: number): void {
    this.#dropped.inc(count);
  }

  logLines(handled: number, refused: number): void {
    this.#lines.inc({ result: 'counted' }, handled - refused);
    this.#lines.inc({ result: 'refused' }, refused);
  }

  /** Series are never forgotten, so that their number must not depend on what others send. */
  #bounded(label: string, value: string): string {
    const known = this.#known.get(label) ?? new Set();
    this.#known.set(label, known);
    if (known.size < MOST_VALUES) known.add(value);
    return known.has(value) ? value : OTHER;
  }

  #histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    const registers = [this.#registry];
    return new Histogram({ name: `autoserve_${name}`, help, labelNames, buckets, registers });
  }

  /** @param collect called before the page is made */
  #counter(
    name: string,
    help: string,
    labelNames: string[] = [],
    collect?: (counter: Counter) => void,
  ): Counter {
    const counter: Counter = new Counter({
      name: `autoserve_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      ...(collect && { collect: () => collect(counter) }),
    });
    return counter;
  }

  /** @param collect called before the page is made */
  #gauge(name: string, help: string, labelNames: string[] = [], collect?: (gauge: Gauge) => void): Gauge {
    const gauge: Gauge = new Gauge({
      name: `autoserve_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      ...(collect && { collect: () => collect(gauge) }),
    });
    return gauge;
  }
}
