import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { EngineUsage } from '../engine/usage.ts';
import type { MetricSample } from '../store/metrics.ts';
import type { StubStatus } from '../ingress/stub-status.ts';
import { samplesOf } from './aggregate.ts';
import { MetricBuffer } from './buffer.ts';
import type { Connections } from './connections.ts';
import type { Instrumentation } from './instrumentation.ts';
import type { Measurement, MetricTarget } from './measurement.ts';
import { Meter } from './meter.ts';
import { Outages } from './outages.ts';
import type { Traffic, TrafficTarget } from './traffic.ts';
import { Windows } from './window.ts';

export interface CollectorOptions {
  engine: EngineUsage;
  traffic: Traffic;
  /** All apps as last known. */
  targets: () => readonly MetricTarget[];
  /** What nginx shows; null without an ingress. */
  stubStatus: () => Promise<StubStatus | null>;
  connections: (now: Date) => Connections;
  /** One statement; see `insertMetrics`. */
  insert: (samples: readonly MetricSample[]) => Promise<unknown>;
  /** Whether an insert that failed may succeed later; see `isUnavailable`. */
  isTransient: (error: unknown) => boolean;
  /** Hears of every measurement before it is written. */
  onMeasurement: (measurement: Measurement) => void;
  instrumentation: Instrumentation;
  clock: Clock;
  logger: Logger;
}

export const INTERVAL_MS = 5_000;

const WRITE = 'write metrics';

/**
 * Measures all apps every five seconds, keeps the recent past for the scaling policies and writes everything to the
 * database.
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #outages: Outages;
  readonly #meter: Meter;
  readonly #windows = new Windows();
  readonly #buffer: MetricBuffer;
  #lines = { handled: 0, refused: 0 };
  #collecting: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: CollectorOptions) {
    const { engine, stubStatus, connections, insert, isTransient, instrumentation, logger } = options;
    this.#options = options;
    this.#outages = new Outages(logger, instrumentation);
    this.#meter = new Meter({ engine, stubStatus, connections, outages: this.#outages });
    this.#buffer = new MetricBuffer({
      insert,
      isTransient,
      onError: (error) => this.#outages.failed(WRITE, error),
      onDropped: (samples) => instrumentation.samplesDropped(samples),
    });
  }

  /** Begins; `restored` are samples of level `app` from before, see `recentMetrics`. */
  start(restored: readonly MetricSample[] = []): void {
    this.#windows.add(restored, this.#options.clock.now(), new Map());
    this.#schedule(0);
  }

  /** Finishes what is in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#collecting;
  }

  /** An app's samples of level `app` of the last `seconds`, `MetricTarget.windowSeconds` at most, oldest first. */
  window(app: string, seconds: number): MetricSample[] {
    return this.#windows.of(app, seconds, this.#options.clock.now());
  }

  /** How many samples wait for the database. */
  get pending(): number {
    return this.#buffer.size;
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#cancel = clock.schedule(ms, () => {
      const begin = clock.now().getTime();
      this.#collecting = this.#outages
        .attempt('measure', () => this.#collect())
        .then(() => this.#schedule(Math.max(0, INTERVAL_MS - (clock.now().getTime() - begin))));
    });
  }

  async #collect(): Promise<void> {
    const { clock, traffic, onMeasurement } = this.#options;
    const targets = this.#options.targets();
    const routed = targets.filter(({ ingress }) => ingress).map(trafficTarget);
    const interval = traffic.rotate(routed);
    // So that rps times the time between two samples adds up to all requests.
    const at = interval?.to ?? clock.now();
    const measurement = await this.#meter.measure(at, targets, interval && { interval, routed });
    const samples = samplesOf(measurement);
    this.#windows.add(
      samples,
      clock.now(),
      new Map(targets.map((target) => [target.app, target.windowSeconds])),
    );
    this.#tellLines();
    onMeasurement(measurement);
    await this.#write(samples);
  }

  async #write(samples: readonly MetricSample[]): Promise<void> {
    const begin = performance.now();
    await this.#buffer.write(samples);
    const written = this.#buffer.size === 0;
    if (written) this.#outages.ended(WRITE);
    const seconds = (performance.now() - begin) / 1_000;
    this.#options.instrumentation.databaseWrite('metrics', written ? 'ok' : 'failed', seconds);
  }

  #tellLines(): void {
    const { handled, refused } = this.#options.traffic.lines;
    this.#options.instrumentation.logLines(handled - this.#lines.handled, refused - this.#lines.refused);
    this.#lines = { handled, refused };
  }
}

function trafficTarget({ app, instances }: MetricTarget): TrafficTarget {
  return {
    app,
    instances: instances.flatMap(({ containerId, address }) =>
      address === null ? [] : [{ containerId, address }],
    ),
  };
}
