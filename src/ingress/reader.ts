import { PassThrough } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError, messageOf } from '../error.ts';
import { pause } from './pause.ts';

export interface ReaderOptions {
  /** For awk, with its arguments: answers each line that it reads with lines and, at the end, an empty one. */
  program: readonly string[];
  /** From an answer to the next question. */
  everyMs: number;
  /** Without the empty line. Another reader's answer may come after `onLost`: it is that one's first, again. */
  onAnswer: (lines: readonly string[], isFirst: boolean) => void;
  /** Hears once of each break, however often it is tried again. */
  onLost: (error: Error) => void;
  retryMs: number;
  signal: AbortSignal;
}

/** An answer is not awaited longer: that a connection broke without a word must not look as if nothing happened. */
const SILENCE_MS = 10_000;
/** The first one waits for the engine, too. */
const BEGIN_MS = 60_000;
/** Without -W interactive, of which other awks say that they ignore it, mawk waits for a block of questions. */
const AWK = ['awk', '-W', 'interactive'];

/**
 * Asks a program that stays in the running ingress container, again and again until `signal` says so: a question costs
 * no process. The program ends when its input does, as when AutoServe is killed.
 */
export async function askReader(
  engine: IngressEngine,
  clock: Clock,
  { program, everyMs, onAnswer, onLost, retryMs, signal }: ReaderOptions,
): Promise<void> {
  let lost = false;
  while (!signal.aborted) {
    try {
      const container = await engine.findIngress();
      if (!container?.running) throw notRunning();
      await session(container.id);
    } catch (error) {
      if (!lost && !signal.aborted) onLost(error instanceof Error ? error : new Error(messageOf(error)));
      lost = true;
      await pause(clock, retryMs, signal);
    }
  }

  async function session(id: string): Promise<void> {
    const silent = new AbortController();
    const questions = new PassThrough();
    const output = engine.stream(
      id,
      [...AWK, ...program],
      questions,
      AbortSignal.any([signal, silent.signal]),
    );
    let isFirst = true;
    let cancel = ask();
    let rest = '';
    let answer: string[] = [];
    try {
      let piece = await output.next();
      while (!piece.done) {
        const lines = (rest + piece.value.toString('latin1')).split('\n');
        rest = lines.pop() ?? '';
        answer.push(...lines);
        // One question, one answer: nothing comes after its end.
        if (answer.at(-1) === '') {
          cancel();
          onAnswer(answer.slice(0, -1), isFirst);
          answer = [];
          isFirst = lost = false;
          cancel = clock.schedule(everyMs, () => {
            cancel = ask();
          });
        }
        piece = await output.next();
      }
      if (!signal.aborted) throw silent.signal.aborted ? unanswered() : ended(piece.value);
    } finally {
      cancel();
      await output.return(null);
    }

    function ask(): () => void {
      questions.write('\n');
      return clock.schedule(isFirst ? BEGIN_MS : SILENCE_MS, () => silent.abort());
    }
  }
}

/** There is nothing to read from. */
function notRunning(): AutoServeError {
  return new AutoServeError('IngressNotRunning', 'nginx does not run');
}

function ended(exitCode: number | null): AutoServeError {
  // Killed, as everything is when its container ends.
  if (exitCode === 137) return notRunning();
  return new AutoServeError(
    'IngressReaderEnded',
    `awk in the ingress container ended with exit code ${exitCode}`,
    {
      remedy: 'the ingress image needs the program awk: mawk, gawk or that of BusyBox',
    },
  );
}

function unanswered(): AutoServeError {
  return new AutoServeError('IngressReaderSilent', 'awk in the ingress container does not answer', {
    remedy: 'another one is started',
  });
}
