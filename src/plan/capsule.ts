import { EngineError, type Engine } from '../engine/engine.ts';
import { AutoServeError, messageOf } from '../error.ts';
import type { Capsule } from '../store/failure.ts';
import type { Action } from './action.ts';

type RecordFailure = Extract<Action, { kind: 'recordFailure' }>;

const LOG_LINES = 200;
const MOST_LOG_BYTES = 64 * 1024;
const MOST_LINE_LENGTH = 4 * 1024;

/**
 * Reads what a failed instance printed last and has it kept with all else that is known of its failure. A log that cannot
 * be had loses only the log. Throws `LogUnavailable` when the engine may have it another time; the rest is kept then.
 */
export async function recordFailure(
  { instance, containerId, failure }: RecordFailure,
  engine: Engine,
  keep: (capsule: Capsule) => Promise<void>,
): Promise<void> {
  const { name: containerName, app: appName, appUid, index: replicaIndex, revision } = instance;
  const place = { appName, appUid, containerName, containerId, replicaIndex, revision };
  let logs: string;
  try {
    logs = endOfLog(await engine.logs(containerId, LOG_LINES));
  } catch (error) {
    await keep({ ...place, ...failure, logs: '', logError: messageOf(error) });
    if (error instanceof EngineError && error.code === 'EngineUnavailable')
      throw new AutoServeError(
        'LogUnavailable',
        `what ${containerName} printed last cannot be read: ${error.message}`,
        { cause: error },
      );
    return;
  }
  await keep({ ...place, ...failure, logs, logError: null });
}

/** The last lines of a log, so many of them as a row may hold; a very long one is cut and ends in an ellipsis. */
export function endOfLog(text: string): string {
  const kept: string[] = [];
  let bytes = 0;
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines.toReversed()) {
    const cut = line.length > MOST_LINE_LENGTH ? `${line.slice(0, MOST_LINE_LENGTH)}…` : line;
    bytes += Buffer.byteLength(cut) + 1;
    if (bytes > MOST_LOG_BYTES) break;
    kept.unshift(cut);
  }
  return kept.map((line) => `${line}\n`).join('');
}
