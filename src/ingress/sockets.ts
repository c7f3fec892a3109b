import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError } from '../error.ts';
import { inSessions, isKilled, isTimeUp, notRunning } from './sessions.ts';

export interface SocketsListener {
  /** The connections that nginx has established, in lines of `/proc/net/tcp`; every few seconds. */
  onSockets(lines: string): void;
  /** They are not known from now on, until `onSockets`. */
  onLost(error: Error): void;
}

const SECONDS = 5;
const SESSION_SECONDS = 600;
const RETRY_MS = 5_000;
/** Tables are told apart by an empty line. One process that stays costs a tenth of a command for each table. */
const LOOK = `while :; do grep -hs ' 01 ' /proc/net/tcp /proc/net/tcp6; echo; sleep ${SECONDS}; done`;
const COMMAND = ['timeout', String(SESSION_SECONDS), 'sh', '-c', LOOK];

/** Tells which connections nginx has, until `signal` says so. */
export async function followSockets(
  engine: IngressEngine,
  clock: Clock,
  listener: SocketsListener,
  signal: AbortSignal,
): Promise<void> {
  const onLost = (error: Error): void => listener.onLost(error);
  await inSessions(engine, clock, { session, onLost, retryMs: RETRY_MS, signal });

  async function session(id: string, begun: () => void): Promise<void> {
    const output = engine.stream(id, COMMAND, signal);
    let rest = '';
    let piece = await output.next();
    while (!piece.done) {
      const tables = (rest + piece.value.toString('latin1')).split(/(?<=^|\n)\n/);
      rest = tables.pop() ?? '';
      for (const table of tables) listener.onSockets(table);
      if (tables.length > 0) begun();
      piece = await output.next();
    }
    if (signal.aborted || isTimeUp(piece.value)) return;
    if (isKilled(piece.value)) throw notRunning();
    throw new AutoServeError(
      'SocketsUnreadable',
      `nginx's connections cannot be read: exit code ${piece.value}`,
      {
        remedy: 'the ingress image needs the programs timeout, sh, grep and sleep',
      },
    );
  }
}
