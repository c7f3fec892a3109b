import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError, messageOf } from '../error.ts';
import { pause } from './pause.ts';

export interface SessionOptions {
  /** Reads from the running container until that breaks, and says when it has begun to tell. */
  session: (id: string, begun: () => void) => Promise<void>;
  /** Hears once of each break, however often it is tried again. */
  onLost: (error: Error) => void;
  retryMs: number;
  signal: AbortSignal;
}

/** Reads from the ingress container, session after session, until `signal` says so. */
export async function inSessions(
  engine: IngressEngine,
  clock: Clock,
  { session, onLost, retryMs, signal }: SessionOptions,
): Promise<void> {
  let lost = false;
  while (!signal.aborted) {
    try {
      const container = await engine.findIngress();
      if (!container?.running) throw notRunning();
      await session(container.id, () => {
        lost = false;
      });
    } catch (error) {
      if (!lost && !signal.aborted) onLost(error instanceof Error ? error : new Error(messageOf(error)));
      lost = true;
      await pause(clock, retryMs, signal);
    }
  }
}

/** There is nothing to read from. */
export function notRunning(): AutoServeError {
  return new AutoServeError('IngressNotRunning', 'nginx does not run');
}

/** What `timeout` says when the time is up: GNU's its own, BusyBox's that of the program that it ended. */
const TIME_IS_UP: readonly (number | null)[] = [124, 143];

/** Whether a command under `timeout` ended because its time was up. */
export function isTimeUp(exitCode: number | null): boolean {
  return TIME_IS_UP.includes(exitCode);
}

/** Whether a command was killed, as all are when their container ends. */
export function isKilled(exitCode: number | null): boolean {
  return exitCode === 137;
}
