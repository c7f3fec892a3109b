/** From this length on, how long a stay still is to be counted is kept stay by stay. */
const LONG_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How many were there at a time, in the mean, known from those who leave: by Little's law (J. D. C. Little, 1961), the
 * time that all of them stayed together, divided by the time that was watched.
 *
 * Who stays is not seen before leaving. A stay is therefore counted after its end for as long as it lasted: what does
 * not fit into the interval is carried into the next ones, up to a minute of it. A steady number of stays of up to a
 * minute is shown exactly, a change of it as late as they are long; of a longer stay a minute is counted.
 */
export class Occupancy {
  #shortMs = 0;
  #longMs: number[] = [];
  /** What is left of stays that ended in an earlier interval. */
  #carriedMs: number[] = [];

  /** Someone left after `ms` milliseconds, or several did. */
  add(ms: number, times = 1): void {
    if (ms < LONG_MS) this.#shortMs += ms * times;
    else for (let left = times; left > 0; left -= 1) this.#longMs.push(Math.min(ms, LONGEST_MS));
  }

  merge(other: Occupancy): void {
    this.#shortMs += other.#shortMs;
    for (const ms of other.#longMs) this.#longMs.push(ms);
    for (const ms of other.#carriedMs) this.#carriedMs.push(ms);
  }

  /** The mean number over an interval of `ms` milliseconds. */
  mean(ms: number): number {
    return this.meanOfEnded(ms) + sumWithin(this.#carriedMs, ms) / ms;
  }

  /** Of these the part of those who left in this very interval. */
  meanOfEnded(ms: number): number {
    return (this.#shortMs + sumWithin(this.#longMs, ms)) / ms;
  }

  /** What is left to be counted after an interval of `ms` milliseconds; undefined for nothing. */
  next(ms: number): Occupancy | undefined {
    const left = [...this.#longMs, ...this.#carriedMs].filter((stay) => stay > ms).map((stay) => stay - ms);
    if (left.length === 0) return undefined;
    const next = new Occupancy();
    next.#carriedMs = left;
    return next;
  }
}

function sumWithin(stays: readonly number[], ms: number): number {
  let sum = 0;
  for (const stay of stays) sum += Math.min(stay, ms);
  return sum;
}
