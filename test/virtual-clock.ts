import type { Clock } from '../src/clock.ts';

/** Time that passes only when told to. Timers of one moment run in the order in which they were set. */
export class VirtualClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];

  constructor(start: Date) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  schedule(ms: number, run: () => void): () => void {
    // Whole milliseconds, as a Date has them.
    const timer = { at: this.#now + Math.ceil(Math.max(0, ms)), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** When the next timer is due; null when there is none. */
  get next(): Date | null {
    if (this.#timers.length === 0) return null;
    return new Date(Math.min(...this.#timers.map(({ at }) => at)));
  }

  /** Lets `ms` milliseconds pass in which nothing runs, as when the process is suspended; then runs what fell due. */
  jump(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }

  /** Lets `ms` milliseconds pass and runs what falls due in them. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((each) => each !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = end;
  }
}
