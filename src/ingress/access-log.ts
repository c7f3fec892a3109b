import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError } from '../error.ts';
import { LOG_BYTES } from './container.ts';
import { LOG_FILE } from './layout.ts';
import { inSessions, isKilled, isTimeUp, notRunning } from './sessions.ts';

export interface AccessLogListener {
  /** Every line from now on is told, once. */
  onOpen(): void;
  /** Without its end. */
  onLine(line: string): void;
  /** Lines from now on are lost, until `onOpen`. */
  onLost(error: Error): void;
}

export interface AccessLogLimits {
  /** A log that has been read so far is emptied: seldom, for a command in the container costs as much as 1,000 requests. */
  emptyAtBytes: number;
  /** A reader that nobody listens to any more ends of itself after so long; one that is heard is followed by another. */
  sessionSeconds: number;
}

const LIMITS: AccessLogLimits = { emptyAtBytes: LOG_BYTES * 0.75, sessionSeconds: 600 };
const RETRY_MS = 1_000;

/**
 * Tells of the requests that the ingress has answered, as they are logged, until `signal` says so. nginx writes its log
 * to a file in memory and waits for nobody; a reader of its own follows the file. What is logged while nobody follows,
 * as when AutoServe is away, is never told.
 */
export async function followAccessLog(
  engine: IngressEngine,
  clock: Clock,
  listener: AccessLogListener,
  signal: AbortSignal,
  limits: AccessLogLimits = LIMITS,
): Promise<void> {
  await inSessions(engine, clock, {
    async session(id, begun) {
      await empty(engine, id);
      listener.onOpen();
      begun();
      await followFile(engine, id, listener, signal, limits);
    },
    onLost: (error) => listener.onLost(error),
    retryMs: RETRY_MS,
    signal,
  });
}

/** Follows one container's file, session by session. Throws when a session breaks. */
async function followFile(
  engine: IngressEngine,
  id: string,
  listener: AccessLogListener,
  signal: AbortSignal,
  { emptyAtBytes, sessionSeconds }: AccessLogLimits,
): Promise<void> {
  let position = 0;
  let rest = '';
  while (!signal.aborted) {
    const output = engine.stream(id, follow(position, sessionSeconds), signal);
    let piece = await output.next();
    while (!piece.done) {
      position += piece.value.length;
      const lines = (rest + piece.value.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) listener.onLine(line);
      if (position >= emptyAtBytes) {
        await empty(engine, id);
        position = 0;
      }
      piece = await output.next();
    }
    if (isKilled(piece.value)) throw notRunning();
    if (!signal.aborted && !isTimeUp(piece.value)) {
      throw new AutoServeError(
        'AccessLogLost',
        `the access log's reader ended with exit code ${piece.value}`,
        {
          remedy: 'the ingress image needs the programs timeout, tail and truncate',
        },
      );
    }
  }
}

function follow(position: number, seconds: number): string[] {
  return ['timeout', String(seconds), 'tail', '-c', `+${position + 1}`, '-F', LOG_FILE];
}

async function empty(engine: IngressEngine, id: string): Promise<void> {
  const { exitCode, output } = await engine.run(id, ['truncate', '-s', '0', LOG_FILE]);
  if (exitCode === 0) return;
  throw new AutoServeError('AccessLogLost', `cannot empty the access log: ${output.trim()}`, {
    remedy: 'the ingress image needs the programs timeout, tail and truncate',
  });
}
