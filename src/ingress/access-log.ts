import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { LOG_FILE } from './layout.ts';
import { askReader } from './reader.ts';

export interface AccessLogListener {
  /** The log is read from now on. */
  onOpen(): void;
  /** Without its end, and how often it was logged since it was told last. */
  onLine(line: string, times: number): void;
  /** All lines until the telling before have been told. */
  onTold(): void;
  /** Lines from now on are lost, until `onOpen`. */
  onLost(error: Error): void;
}

const EVERY_MS = 1_000;
const RETRY_MS = 1_000;

/**
 * How often each line is in the log, a tab, the line; then the log is emptied and nginx told to write what it holds, for the
 * next question. It writes at no other time unless a buffer is full, a worker ends or the question is late, so that it writes
 * nothing between the end that was seen and the emptying, which would be lost. nginx measures in milliseconds, so that a busy
 * log repeats a few lines: to count them where they are costs a tenth of passing on each. The first two answers are none:
 * what nginx held at the first question is nobody's.
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
NR == 1 { if (status = system(write)) exit status }
NR > 2 { while ((getline line < file) > 0) if (!times[line]++ && ++kinds == 2000) tell() }
{
  close(file); printf "" > file; close(file)
  sh = "exec /bin/sh"; print write " || exit" | sh; fflush(sh)
  tell(); print ""; fflush()
}
`;

/** nginx is the first process of its container. */
const WRITE = 'kill -USR1 1';

/** Counts the lines of `file`, for awk; see `ReaderOptions`. `write` makes whoever holds lines back write them. */
export function logCounter(file: string, write = WRITE): string[] {
  return ['-v', `file=${file}`, '-v', `write=${write}`, COUNT];
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
  let answers = 0;
  await askReader(engine, clock, {
    program: logCounter(LOG_FILE),
    everyMs: EVERY_MS,
    onAnswer(lines, isFirst) {
      answers = isFirst ? 1 : answers + 1;
      if (answers === 1) return;
      if (answers === 2) listener.onOpen();
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
