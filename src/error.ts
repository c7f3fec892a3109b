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

const fileTroubles: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

/** Why a file could not be read, for people. */
export function fileTroubleOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return fileTroubles[code] ?? messageOf(error);
}

/** The machine-readable reason of a failure: the error's code, where it has one. */
export function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'ActionFailed';
}
