import type { Clock } from '../clock.ts';
import type { SyncResult } from './synchronizer.ts';

export interface SyncListener {
  onSynced(result: SyncResult): void;
  /** A sync failed, the store being away; it is tried again. */
  onError(error: unknown): void;
}

const RETRY_MS = 1000;

/** Syncs whenever it is triggered, at least every `resyncMs`, and never twice at the same time. */
export class SyncLoop {
  readonly #sync: () => Promise<SyncResult>;
  readonly #clock: Clock;
  readonly #resyncMs: number;
  readonly #listener: SyncListener;
  #wanted = false;
  #running: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(sync: () => Promise<SyncResult>, clock: Clock, resyncMs: number, listener: SyncListener) {
    this.#sync = sync;
    this.#clock = clock;
    this.#resyncMs = resyncMs;
    this.#listener = listener;
  }

  trigger(): void {
    this.#wanted = true;
    if (this.#running || this.#closed) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#wanted) this.trigger();
    });
  }

  /** Waits for the sync in work. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#wanted = false;
    this.#cancel?.();
    let delay = RETRY_MS;
    try {
      const result = await this.#sync();
      delay = this.#resyncMs;
      if (result.recheckAt) {
        delay = Math.min(delay, Math.max(0, result.recheckAt.getTime() - this.#clock.now().getTime()));
      }
      if (!this.#closed) this.#listener.onSynced(result);
    } catch (error) {
      if (!this.#closed) this.#listener.onError(error);
    }
    if (!this.#closed) this.#cancel = this.#clock.schedule(delay, () => this.trigger());
  }
}
