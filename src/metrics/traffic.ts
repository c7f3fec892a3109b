import { parseAccessLine, type AccessEntry } from './access-log.ts';
import { Tally, type TrafficSample } from './tally.ts';

/** An app behind the ingress, and where its instances can be reached. */
export interface TrafficTarget {
  app: string;
  /** `address` as nginx logs it: `ip:port`. */
  instances: readonly { containerId: string; address: string }[];
}

/** What the log showed between two moments. */
export interface TrafficInterval {
  from: Date;
  to: Date;
  /** By app: one for every target, with zeros for an app that nobody asked. */
  apps: Map<string, TrafficSample>;
  /** By container: likewise. */
  instances: Map<string, TrafficSample>;
  /** All requests together, also those that belong to no app. */
  total: TrafficSample;
}

/** More pairs of app and address than any ingress has; a log that names more of them is not ours. */
const MOST_TALLIES = 20_000;

/**
 * Counts what the ingress's log tells, interval by interval. Lines are taken into account in the interval in which they
 * arrive. What was counted while the log could not be read all the time is thrown away: an interval without requests is
 * a measurement, one that nobody watched is not.
 */
export class Traffic {
  /** By app, then by address; `''` for requests that no instance was asked about. */
  readonly #tallies = new Map<string | null, Map<string, Tally>>();
  #size = 0;
  #from: Date | undefined;
  /** Until when the log was told. */
  #to: Date | undefined;
  #lines = 0;
  #refused = 0;

  /** The log is read from now on. */
  watch(now: Date): void {
    this.#clear();
    this.#from = this.#to = now;
  }

  /** All lines until the last time have been added, so that an interval counts the requests of a second earlier. */
  told(now: Date): void {
    this.#to = now;
  }

  /** The log cannot be read any more: this interval is lost. */
  lose(): void {
    this.#clear();
    this.#from = undefined;
  }

  /** Whether the log is being read. */
  get watching(): boolean {
    return this.#from !== undefined;
  }

  /** How many lines came since the beginning, and how many of them could not be read. */
  get lines(): { handled: number; refused: number } {
    return { handled: this.#lines, refused: this.#refused };
  }

  /** Counts a line of the log, and how often it was there. */
  add(line: string, times = 1): void {
    this.#lines += times;
    const entry = parseAccessLine(line);
    const tally = entry && this.#tallyOf(entry);
    if (tally) tally.add(entry, times);
    else this.#refused += times;
  }

  /**
   * Ends the interval, where the log was told last, and begins the next; null when the log was not read, or not since the
   * one before: that nothing was heard does not mean that there was nothing.
   *
   * @param targets what there is to be measured: requests for other apps go into the total alone, those to an address
   * that is nobody's any more into their app and the total
   */
  rotate(targets: readonly TrafficTarget[]): TrafficInterval | null {
    const [from, to] = [this.#from, this.#to];
    if (!from || !to || to <= from) return null;
    const ms = to.getTime() - from.getTime();
    const interval: TrafficInterval = {
      from,
      to,
      apps: new Map(),
      instances: new Map(),
      total: Tally.sum(this.#all()).sample(ms),
    };
    for (const { app, instances } of targets) {
      const tallies = this.#tallies.get(app);
      interval.apps.set(app, Tally.sum(tallies?.values() ?? []).sample(ms));
      for (const { containerId, address } of instances) {
        interval.instances.set(containerId, (tallies?.get(address) ?? new Tally()).sample(ms));
      }
    }
    this.#begin(to, ms);
    return interval;
  }

  /** Undefined when there are too many. */
  #tallyOf({ app, upstream }: AccessEntry): Tally | undefined {
    const address = upstream.at(-1)?.address ?? '';
    let ofApp = this.#tallies.get(app);
    const known = ofApp?.get(address);
    if (known || this.#size >= MOST_TALLIES) return known;
    const tally = new Tally();
    if (!ofApp) this.#tallies.set(app, (ofApp = new Map()));
    ofApp.set(address, tally);
    this.#size += 1;
    return tally;
  }

  *#all(): Generator<Tally> {
    for (const ofApp of this.#tallies.values()) yield* ofApp.values();
  }

  /** Keeps what long requests carry over, and nothing else. */
  #begin(from: Date, ms: number): void {
    this.#from = from;
    for (const [app, tallies] of this.#tallies) {
      for (const [address, tally] of tallies) {
        const rest = tally.next(ms);
        if (rest) tallies.set(address, rest);
        else if (tallies.delete(address)) this.#size -= 1;
      }
      if (tallies.size === 0) this.#tallies.delete(app);
    }
  }

  #clear(): void {
    this.#tallies.clear();
    this.#size = 0;
  }
}
