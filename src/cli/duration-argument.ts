import { parseDuration } from './duration.ts';
import { usageError } from './exit.ts';

/** Milliseconds of a flag's value. Throws `UsageError`. */
export function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError(`"${text}" is not a duration`, 'write 60s, 2m or 90 (seconds)');
  return ms;
}
