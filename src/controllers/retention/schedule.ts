import { leftSome, type Cleaned } from '../../store/retention.ts';

const PAUSE_MS = 1_000;
const RETRY_MS = 60_000;

/** How long to wait after a cleanup, or after one that failed, in milliseconds. */
export function pauseAfter(cleaned: readonly Cleaned[] | 'failed', intervalMs: number): number {
  if (cleaned === 'failed') return Math.min(RETRY_MS, intervalMs);
  return leftSome(cleaned) ? PAUSE_MS : intervalMs;
}
