import type { Logger } from 'pino';
import { AutoServeError, messageOf } from '../error.ts';
import type { Instrumentation } from './instrumentation.ts';

/** Tells of each outage twice, when it begins and when it is over, however often what is away is tried meanwhile. */
export class Outages {
  readonly #logger: Logger;
  readonly #instrumentation: Instrumentation;
  readonly #present = new Set<string>();

  constructor(logger: Logger, instrumentation: Instrumentation) {
    this.#logger = logger;
    this.#instrumentation = instrumentation;
  }

  /** Null when `work` fails. `doing` completes the sentence "could not …". */
  async attempt<T>(doing: string, work: () => Promise<T>): Promise<T | null> {
    try {
      const result = await work();
      this.ended(doing);
      return result;
    } catch (error) {
      this.failed(doing, error);
      return null;
    }
  }

  failed(doing: string, error: unknown): void {
    this.#instrumentation.error(error instanceof AutoServeError ? error.code : 'Unexpected');
    if (this.#present.has(doing)) return;
    this.#present.add(doing);
    this.#logger.warn({ err: error }, `could not ${doing}; will try again: ${messageOf(error)}`);
  }

  ended(doing: string): void {
    if (this.#present.delete(doing)) this.#logger.info(`can ${doing} again`);
  }
}
