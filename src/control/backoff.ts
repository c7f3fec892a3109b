export interface Backoff {
  /** Delay after the first failure, in milliseconds. */
  baseMs: number;
  capMs: number;
}

/**
 * Exponential backoff with equal jitter: base × 2ⁿ up to the cap, of which the upper half is random, so that
 * many keys that failed together do not return together.
 *
 * @param failures consecutive failures so far, at least 1
 * @param random a number in [0, 1)
 * @returns milliseconds
 */
export function backoffMs(failures: number, { baseMs, capMs }: Backoff, random: number): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 52));
  return full / 2 + (full / 2) * random;
}
