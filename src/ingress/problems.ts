import type { AutoServeError } from '../error.ts';
import type { IngressEvent } from './event.ts';

/** Tells users of each problem once, as long as it lasts. */
export class Problems {
  readonly #onEvent: (event: IngressEvent) => void;
  #told: ReadonlySet<string> = new Set();

  constructor(onEvent: (event: IngressEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** @param problems all that there are now, each with the app whose it is, or null for nobody's */
  report(problems: readonly { app: string | null; error: AutoServeError }[]): void {
    for (const { app, error } of problems) {
      if (this.#told.has(error.message)) continue;
      const message = `${error.message}; ${error.remedy}`;
      this.#onEvent({ type: 'Warning', reason: error.code, message, app });
    }
    this.#told = new Set(problems.map(({ error }) => error.message));
  }
}
