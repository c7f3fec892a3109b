import { parseDuration } from './duration.ts';
import { usageError } from './exit.ts';

/** Milliseconds of a flag's value. Throws `UsageError`. */
export function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError(`"${text}" is not a duration`, 'write 60s, 2m or 90 (seconds)');
  return ms;
}

/** A hundred years: more than there is to look at, and still a date. */
const LONGEST_MS = 36_525 * 86_400_000;

/** Milliseconds of a flag that says how far back to look. Throws `UsageError`. */
export function periodOf(text: string): number {
  const ms = durationOf(text);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw usageError(`"${text}" is ${ms > 0 ? 'too long' : 'no time at all'}`, 'write 5m, 12h or 7d');
}
