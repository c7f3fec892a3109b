import type { MetricSample } from '../store/metrics.ts';

/** At 40 instances, about ten minutes. */
const MOST_SAMPLES = 60_000;
/** In one statement. */
const BATCH = 5_000;

export interface BufferOptions {
  /** One statement. */
  insert: (samples: readonly MetricSample[]) => Promise<unknown>;
  /** Whether the same insert may succeed later. */
  isTransient: (error: unknown) => boolean;
  /** Called for every insert that fails. */
  onError: (error: unknown) => void;
  /** Called when samples are lost, for they are too many or the database refuses them. */
  onDropped: (samples: number) => void;
  most?: number;
}

/** Samples on their way to the database: written in their order, kept while it is away, the oldest dropped beyond a bound. */
export class MetricBuffer {
  readonly #options: BufferOptions;
  readonly #most: number;
  #samples: MetricSample[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: BufferOptions) {
    this.#options = options;
    this.#most = options.most ?? MOST_SAMPLES;
  }

  /** How many are to be written. */
  get size(): number {
    return this.#samples.length;
  }

  /** Takes samples and tries to write all that there are. Never throws; resolves when the attempt is over. */
  async write(samples: readonly MetricSample[]): Promise<void> {
    this.#samples = this.#samples.concat(samples);
    const surplus = this.#samples.length - this.#most;
    if (surplus > 0) this.#drop(surplus);
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#samples.length > 0) {
      const batch = this.#samples.slice(0, BATCH);
      const last = batch.at(-1);
      try {
        await this.#options.insert(batch);
        this.#remove(last);
      } catch (error) {
        this.#options.onError(error);
        if (this.#options.isTransient(error)) return;
        // Trying a refused batch again would keep back all that comes after it.
        this.#options.onDropped(this.#remove(last));
      }
    }
  }

  /** Removes all up to `last`, of which some may have been dropped meanwhile; returns how many it removed. */
  #remove(last: MetricSample | undefined): number {
    const count = last === undefined ? 0 : this.#samples.indexOf(last) + 1;
    this.#samples.splice(0, count);
    return count;
  }

  #drop(count: number): void {
    this.#samples.splice(0, count);
    this.#options.onDropped(count);
  }
}
