import type { Clock } from '../clock.ts';
import { UNCHECKED } from '../store/instance-health.ts';
import { isStoreUnavailable, type InstanceRecord, type InstanceStatus, type Store } from '../store/store.ts';

/** One write, to be repeated as it is until it lands. */
export type Write = (store: Store) => Promise<void>;

export interface OutboxListener {
  onReturn(): void;
  onRefused(error: unknown): void;
}

const PROBE_MS = 500;
const MOST_WRITES = 20_000;

/**
 * The way by which the loop writes. While the database answers, a write is a write; while it is away, writes are held in
 * memory in their order and land when it returns, so that applications are healed all the same. What is held is
 * bounded: of too many, the oldest is dropped and counted in an event.
 */
export class Outbox {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #listener: OutboxListener;
  #held: Write[] = [];
  readonly #writtenInstances = new Map<string, InstanceRecord>();
  #dropped = 0;
  #away = false;
  #cancelProbe: (() => void) | undefined;
  #closed = false;

  /**
   * @param listener `onReturn` is called when the database is back and everything held has landed; `onRefused` when the
   * database will never take a write that was held
   */
  constructor(store: Store, clock: Clock, listener: OutboxListener) {
    this.#store = store;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Whether the database was last seen to be away. */
  get away(): boolean {
    return this.#away;
  }

  get held(): number {
    return this.#held.length;
  }

  /**
   * The rows of instances that writes have made, landed or held, by container name: with what the database showed when it
   * was last read, what it would show now.
   */
  get writtenInstances(): ReadonlyMap<string, InstanceRecord> {
    return new Map(this.#writtenInstances);
  }

  /** The database has been read since these were written. */
  forgetInstances(rows: ReadonlyMap<string, InstanceRecord>): void {
    for (const [name, row] of rows)
      if (this.#writtenInstances.get(name) === row) this.#writtenInstances.delete(name);
  }

  /**
   * Resolves when the write has landed or is held. Throws what the database refuses.
   *
   * @param instances the rows of instances that it makes
   */
  async write(write: Write, instances: readonly InstanceStatus[] = []): Promise<void> {
    if (!this.#away) {
      try {
        await write(this.#store);
        this.#keep(instances);
        return;
      } catch (error) {
        if (!isStoreUnavailable(error)) throw error;
        this.markAway();
      }
    }
    this.#held.push(write);
    this.#keep(instances);
    if (this.#held.length > MOST_WRITES) {
      this.#held.shift();
      this.#dropped += 1;
    }
  }

  /**
   * A write that need not be held, for it is made anew by the next pass: dropped while the database is away. Returns whether
   * it was made.
   */
  async attempt(write: Write): Promise<boolean> {
    if (this.#away) return false;
    try {
      await write(this.#store);
      return true;
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
      this.markAway();
      return false;
    }
  }

  /** For readers that found the database away: writes are held from now on. */
  markAway(): void {
    this.#away = true;
    if (this.#closed) return;
    this.#cancelProbe ??= this.#clock.schedule(PROBE_MS, () => void this.#probe());
  }

  close(): void {
    this.#closed = true;
    this.#cancelProbe?.();
  }

  #keep(instances: readonly InstanceStatus[]): void {
    const now = this.#clock.now();
    const unseen = { id: 0, ...UNCHECKED, createdAt: now, updatedAt: now };
    for (const instance of instances)
      this.#writtenInstances.set(instance.containerName, { ...instance, ...unseen });
  }

  /** Whoever finds the database away meanwhile makes no second one: what is held lands once. */
  async #probe(): Promise<void> {
    const landed = await this.#land();
    this.#cancelProbe = undefined;
    if (!landed) return this.markAway();
    this.#away = false;
    this.#listener.onReturn();
  }

  async #land(): Promise<boolean> {
    if (this.#dropped > 0) this.#held.push(droppedWrites(this.#dropped, this.#clock.now()));
    this.#dropped = 0;
    while (this.#held[0]) {
      try {
        await this.#held[0](this.#store);
      } catch (error) {
        if (isStoreUnavailable(error)) return false;
        this.#listener.onRefused(error);
      }
      this.#held.shift();
    }
    return true;
  }
}

function droppedWrites(count: number, timestamp: Date): Write {
  return (store) =>
    store.appendEvents([
      {
        eventType: 'warning',
        eventCategory: 'system',
        reason: 'WritesDropped',
        appName: null,
        appUid: null,
        containerId: null,
        message: `${count} writes were dropped while the database was away, for ${MOST_WRITES} are held at most`,
        details: { count },
        severity: 'warning',
        timestamp,
        source: 'controller',
      },
    ]);
}
