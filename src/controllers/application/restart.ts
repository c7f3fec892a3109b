import { constants } from 'node:os';
import type { ObservedContainer } from '../../engine/engine.ts';
import type { Instance } from './instance.ts';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 5 * 60_000;
/** A crash after this long a life starts the count anew. */
const FORGIVEN_AFTER_MS = 10 * 60_000;

export interface Restart {
  /** When the replacement may be created. */
  dueAt: Date;
  /** The replacement's count of crashes in a row. */
  restarts: number;
}

/**
 * When to replace an instance that ended, by the crash-loop rule: the first replacement at once, then after
 * 1 s × 2ⁿ, at most 5 min; 10 min of life are forgiveness. What others did to it is not a crash: it neither waits nor
 * counts; nor does an end by a signal count that nobody saw, for so the engine ends what runs when it is itself ended.
 */
export function planRestart({ phase, identity, record, container }: Instance, now: Date): Restart {
  if (phase === 'drifted' || phase === 'lost' || phase === 'refused')
    return { dueAt: now, restarts: identity.restarts };
  const startedAt = container?.startedAt ?? record?.startedAt ?? null;
  // An unhealthy instance has not ended: its replacement's backoff counts from its start.
  const ended = phase === 'unhealthy' ? startedAt : (container?.finishedAt ?? record?.finishedAt);
  const finishedAt = ended ?? container?.createdAt ?? now;
  const lived = startedAt ? finishedAt.getTime() - startedAt.getTime() : 0;
  const crashes = lived >= FORGIVEN_AFTER_MS ? 0 : identity.restarts;
  const delay = crashes === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (crashes - 1));
  const counts = !(container && endedUnseen(container));
  return { dueAt: new Date(finishedAt.getTime() + delay), restarts: crashes + Number(counts) };
}

const ENDING_SIGNALS = [constants.signals.SIGTERM, constants.signals.SIGKILL];

function endedUnseen({ endedBy, exitCode, oomKilled }: ObservedContainer): boolean {
  return endedBy === null && !oomKilled && ENDING_SIGNALS.some((signal) => exitCode === 128 + signal);
}
