import { PassThrough } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { CommandResult, IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError, messageOf } from '../error.ts';
import { pause } from './pause.ts';

export interface ReaderOptions {
  /** For awk, with its arguments: answers each line that it reads with lines and, at the end, an empty one. */
  program: readonly string[];
  /** From an answer to the next question. */
  everyMs: number;
  /** Without the empty line. The first answer of a reader is told as such; after `onLost` the next one is from another. */
  onAnswer: (lines: readonly string[], isFirst: boolean) => void;
  /** Hears once of each break, however often it is tried again. */
  onLost: (error: Error) => void;
  retryMs: number;
  signal: AbortSignal;
}

/** A reader that says nothing for so long, or was not asked for so long, is given up on. */
const SILENCE_MS = 10_000;
/** The first answer waits for the engine, too. */
const BEGIN_MS = 60_000;
/** Without -W interactive, of which other awks say that they ignore it, mawk waits for a block of questions. */
const AWK = ['awk', '-W', 'interactive'];
/** How Docker says that there is no such program, or that it cannot be run. */
const NO_PROGRAM: readonly (number | null)[] = [126, 127];
const MOST_SAID = 500;

/**
 * Asks a program that stays in the running ingress container, again and again until `signal` says so: a question costs
 * no process. The program ends when its input does, as when AutoServe is killed.
 */
export async function askReader(engine: IngressEngine, clock: Clock, options: ReaderOptions): Promise<void> {
  const { onAnswer, onLost, retryMs, signal } = options;
  let lost = false;
  while (!signal.aborted) {
    try {
      const container = await engine.findIngress();
      if (!container?.running) throw notRunning();
      const reader = new Reader(engine, clock, container.id, options);
      await reader.ask((lines, isFirst) => {
        lost = false;
        onAnswer(lines, isFirst);
      });
    } catch (error) {
      if (!lost && !signal.aborted) onLost(error instanceof Error ? error : new Error(messageOf(error)));
      lost = true;
      await pause(clock, retryMs, signal);
    }
  }
}

/** One awk in one container. */
class Reader {
  readonly #clock: Clock;
  readonly #options: ReaderOptions;
  readonly #questions = new PassThrough();
  readonly #end = new AbortController();
  readonly #output: AsyncGenerator<Buffer, CommandResult | null, void>;
  #cancel = (): void => {};
  /** Ends the wait for the next piece, which a connection that is gone may never give. */
  #wake = (): void => {};
  #silent = false;

  constructor(engine: IngressEngine, clock: Clock, id: string, options: ReaderOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#output = engine.stream(id, [...AWK, ...options.program], this.#questions, this.#end.signal);
  }

  /** Asks until the signal says so. Throws when the reader ends or is silent. */
  async ask(onAnswer: ReaderOptions['onAnswer']): Promise<void> {
    const { signal } = this.#options;
    const stop = (): void => this.#stop();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      this.#question(BEGIN_MS);
      const { result, said } = await this.#answers(onAnswer);
      if (signal.aborted) return;
      throw this.#silent ? silent() : ended(result?.exitCode ?? null, said + (result?.output ?? ''));
    } finally {
      signal.removeEventListener('abort', stop);
      this.#cancel();
      this.#stop();
      // Waits for a piece that may never come; how this one ends is of no more interest.
      this.#output.return(null).catch(() => {});
    }
  }

  /** @returns how the reader ended, null when it was ended, and what it had begun to say */
  async #answers(
    onAnswer: ReaderOptions['onAnswer'],
  ): Promise<{ result: CommandResult | null; said: string }> {
    let isFirst = true;
    let rest = '';
    let answer: string[] = [];
    for (;;) {
      const piece = await this.#next();
      if (piece.done) return { result: piece.value, said: [...answer, rest].join('\n') };
      const lines = (rest + piece.value.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer.push(line);
      // One question, one answer: nothing comes after its end.
      if (answer.at(-1) === '') {
        this.#pause();
        onAnswer(answer.slice(0, -1), isFirst);
        answer = [];
        isFirst = false;
      } else if (piece.value.length > 0) {
        this.#await(SILENCE_MS);
      }
    }
  }

  async #next(): Promise<IteratorResult<Buffer, CommandResult | null>> {
    return await new Promise((resolve, reject) => {
      this.#wake = () => resolve({ done: true, value: null });
      this.#output.next().then(resolve, reject);
      if (this.#end.signal.aborted) this.#wake();
    });
  }

  #question(patienceMs: number): void {
    this.#questions.write('\n');
    this.#await(patienceMs);
  }

  #await(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.schedule(ms, () => this.#giveUp());
  }

  /** Until the next question. Who was suspended meanwhile does not know what was lost. */
  #pause(): void {
    const due = this.#clock.now().getTime() + this.#options.everyMs;
    this.#cancel();
    this.#cancel = this.#clock.schedule(this.#options.everyMs, () => {
      if (this.#clock.now().getTime() > due + SILENCE_MS) this.#giveUp();
      else this.#question(SILENCE_MS);
    });
  }

  #giveUp(): void {
    this.#silent = true;
    this.#stop();
  }

  #stop(): void {
    this.#end.abort();
    this.#wake();
  }
}

/** There is nothing to read from. */
function notRunning(): AutoServeError {
  return new AutoServeError('IngressNotRunning', 'nginx does not run');
}

function silent(): AutoServeError {
  return new AutoServeError('IngressReaderSilent', 'awk in the ingress container does not answer', {
    remedy: 'another one is started',
  });
}

function ended(exitCode: number | null, said: string): AutoServeError {
  // Killed, as everything is when its container ends.
  if (exitCode === 137) return notRunning();
  const what = `awk in the ingress container ended with exit code ${exitCode}`;
  const message = said.trim() === '' ? what : `${what}: ${said.trim().slice(-MOST_SAID)}`;
  const remedy = NO_PROGRAM.includes(exitCode)
    ? 'the ingress image needs the programs awk (mawk, gawk or that of BusyBox) and sh'
    : 'another one is started';
  return new AutoServeError('IngressReaderEnded', message, { remedy });
}
