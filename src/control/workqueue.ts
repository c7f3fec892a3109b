import type { Clock } from '../clock.ts';
import { backoffMs, type Backoff } from './backoff.ts';

const RETRY: Backoff = { baseMs: 5, capMs: 5 * 60_000 };

/**
 * The keys that need a reconcile. A key is handed out to one worker at a time: one that is added while it is
 * being processed is handed out again when that ends. Keys carry no payload, so adding twice is adding once.
 * After client-go's workqueue.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onReady: () => void;
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { at: number; cancel: () => void }>();

  /** @param onReady called whenever there may be keys to take */
  constructor(clock: Clock, random: () => number, onReady: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onReady = onReady;
  }

  add(key: string): void {
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#onReady();
  }

  /** Adds the key at `at`; of several times asked for, the earliest counts. */
  addAt(key: string, at: Date): void {
    const pending = this.#timers.get(key);
    if (pending && pending.at <= at.getTime()) return;
    pending?.cancel();
    const cancel = this.#clock.schedule(Math.max(0, at.getTime() - this.#clock.now().getTime()), () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { at: at.getTime(), cancel });
  }

  /** Every key that is due and not being processed; each counts as being processed until `done`. */
  take(): string[] {
    const keys = [...this.#dirty].filter((key) => !this.#processing.has(key));
    for (const key of keys) {
      this.#dirty.delete(key);
      this.#processing.add(key);
    }
    return keys;
  }

  /** Those of `keys` that are not being processed, due or not; what was added meanwhile stays due. */
  claim(keys: readonly string[]): string[] {
    const free = keys.filter((key) => !this.#processing.has(key));
    for (const key of free) this.#processing.add(key);
    return free;
  }

  get processing(): readonly string[] {
    return [...this.#processing];
  }

  /** How many keys are due or being processed. */
  get size(): number {
    return new Set([...this.#dirty, ...this.#processing]).size;
  }

  /** Nothing due, nothing in work; timers may be pending. */
  get idle(): boolean {
    return this.#dirty.size === 0 && this.#processing.size === 0;
  }

  /** Ends a key's processing. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#onReady();
  }

  /** Adds a key again after its backoff, which this returns in milliseconds, unless it is added earlier. */
  retry(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delay = backoffMs(failures, RETRY, this.#random());
    this.addAt(key, new Date(this.#clock.now().getTime() + delay));
    return delay;
  }

  /** Forgets a key's failures. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  close(): void {
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#dirty.clear();
  }
}
