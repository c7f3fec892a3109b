import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { LOG_FILE } from './layout.ts';
import { askReader } from './reader.ts';

export interface AccessLogListener {
  /** The log is read from now on. */
  onOpen(): void;
  /** Without its end, and how often it was logged since it was told last. */
  onLine(line: string, times: number): void;
  /** All lines until now have been told, but for those of the last second, which nginx may still hold. */
  onTold(): void;
  /** Lines from now on are lost, until `onOpen`. */
  onLost(error: Error): void;
}

const EVERY_MS = 1_000;
const RETRY_MS = 1_000;

/**
 * How often each line is in the log, a tab, the line; then the log is emptied. What nginx writes between the end that was
 * seen and that is not told. nginx measures in milliseconds, so that a busy log repeats a few lines: to count
 * them where they are costs a tenth of passing on each. The first answer is none, for what was logged before is nobody's.
 */
const COUNT = `
function tell(  line, text) {
  for (line in times) {
    text = text times[line] "\\t" line "\\n"
    if (length(text) > 4000) { printf "%s", text; text = "" }
  }
  printf "%s", text
  split("", times)
  kinds = 0
}
NR > 1 { while ((getline line < file) > 0) if (!times[line]++ && ++kinds == 2000) tell() }
{ close(file); printf "" > file; close(file); tell(); print ""; fflush() }
`;

/** Counts the lines of `file`, for awk; see `ReaderOptions`. */
export function logCounter(file: string): string[] {
  return ['-v', `file=${file}`, COUNT];
}

/**
 * Tells of the requests that the ingress has answered, every second, until `signal` says so. nginx writes its log to a
 * file in memory and waits for nobody. What is logged while nobody follows, as when AutoServe is away, is never told.
 */
export async function followAccessLog(
  engine: IngressEngine,
  clock: Clock,
  listener: AccessLogListener,
  signal: AbortSignal,
): Promise<void> {
  await askReader(engine, clock, {
    program: logCounter(LOG_FILE),
    everyMs: EVERY_MS,
    onAnswer(lines, isFirst) {
      if (isFirst) listener.onOpen();
      for (const line of lines) {
        const tab = line.indexOf('\t');
        listener.onLine(line.slice(tab + 1), Number(line.slice(0, tab)));
      }
      listener.onTold();
    },
    onLost: (error) => listener.onLost(error),
    retryMs: RETRY_MS,
    signal,
  });
}
