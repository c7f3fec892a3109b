import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import type { LoadOptions, LoadReport } from './load-generator.ts';

/** Far more than any number of requests that is waited for takes at the lowest rate. */
const LONGEST_WAIT_MS = 60_000;
const GENERATOR = fileURLToPath(new URL('load-generator.ts', import.meta.url));

/** A steady load on an app behind the ingress, from a process of its own, so that a busy test does not slow it down. */
export class Load {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  static async start(options: LoadOptions): Promise<Load> {
    const child = fork(GENERATOR, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] });
    const load = new Load(child);
    await Promise.race([once(child, 'message'), load.#failed()]);
    return load;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  /** What became of all requests until now; those in flight are counted as sent alone. */
  async report(): Promise<LoadReport> {
    return await this.#ask('report');
  }

  /** Waits until so many more were sent. */
  async goesOn(requests: number): Promise<void> {
    const { sent } = await this.report();
    await eventually(async () => {
      if ((await this.report()).sent < sent + requests) throw new Error(`${requests} more were not sent`);
    }, LONGEST_WAIT_MS);
  }

  /** Sends nothing more, and returns what became of all requests once every one has ended. */
  async end(): Promise<LoadReport> {
    const report = await this.#ask('end');
    await this.#ended;
    return report;
  }

  /** Ends it at once, if it has not ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #ask(what: 'report' | 'end'): Promise<LoadReport> {
    const answer = once(this.#child, 'message');
    this.#child.send(what);
    const [report] = await Promise.race([answer, this.#failed()]);
    return report as LoadReport;
  }

  async #failed(): Promise<never> {
    await this.#ended;
    const { exitCode, signalCode } = this.#child;
    throw new Error(`the load generator has ended: ${signalCode ?? exitCode}`);
  }
}
