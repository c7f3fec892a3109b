import type { MetricSample, MetricType, WindowMetric } from '../store/metrics.ts';

/** What scaling policies have targets for. */
const TYPES: ReadonlySet<MetricType> = new Set<WindowMetric>([
  'cpu_percent',
  'memory_percent',
  'rps',
  'latency_p95',
  'active_connections',
]);

/** A policy's window ends at a sample, not between two; and a short one is to hold some that are not fresh as well. */
const SLACK_MS = 20_000;
/** How long an app is remembered that is not measured, or not yet again: the longest window that the schema allows. */
const FORGET_SECONDS = 7_200;
/** So long, of five types every five seconds. */
const MOST_SAMPLES = 7_200;

/** The recent past of every app, at level `app`, as long as its policy looks back. */
export class Windows {
  readonly #samples = new Map<string, MetricSample[]>();

  /**
   * Adds what was measured at `now`, of all levels, and forgets what is older than its app's window.
   *
   * @param windowSeconds by app
   */
  add(samples: readonly MetricSample[], now: Date, windowSeconds: ReadonlyMap<string, number>): void {
    for (const sample of samples) {
      if (sample.appName === null || sample.aggregationLevel !== 'app' || !TYPES.has(sample.metricType))
        continue;
      const known = this.#samples.get(sample.appName);
      if (known) known.push(sample);
      else this.#samples.set(sample.appName, [sample]);
    }
    for (const [app, known] of this.#samples) {
      const kept = since(known, now, windowSeconds.get(app) ?? FORGET_SECONDS).slice(-MOST_SAMPLES);
      if (kept.length > 0) this.#samples.set(app, kept);
      else this.#samples.delete(app);
    }
  }

  /** The samples of an app that were taken in the last `seconds` and a little before, oldest first. */
  of(app: string, seconds: number, now: Date): MetricSample[] {
    return since(this.#samples.get(app) ?? [], now, seconds);
  }
}

function since(samples: readonly MetricSample[], now: Date, seconds: number): MetricSample[] {
  const from = now.getTime() - seconds * 1_000 - SLACK_MS;
  return samples.filter(({ timestamp }) => timestamp.getTime() >= from);
}
