/**
 * An error a user can act on: `code` is stable and machine-readable, `message` says what happened and where,
 * `remedy` names the next command or change. Everything that AutoServe reports on purpose is one of these.
 */
export class AutoServeError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'AutoServeError';
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** The message of anything thrown, for logs and events. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The machine-readable reason of a failure: the error's code, where it has one. */
export function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'ActionFailed';
}
