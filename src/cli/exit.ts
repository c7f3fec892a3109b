import { CommanderError } from 'commander';
import { AutoServeError, messageOf } from '../error.ts';

/** What the process's exit code says. */
export const exitCodes = { reached: 0, failed: 1, usage: 2, timeout: 124 } as const;

export type ExitCode = number;

/** Wrong arguments: exit code 2. */
export function usageError(message: string, remedy?: string): AutoServeError {
  return new AutoServeError('UsageError', message, remedy === undefined ? {} : { remedy });
}

/** Prints an error to stderr and returns the exit code. Only what was not foreseen is shown with its stack. */
export function reportError(error: unknown, verbose: boolean): ExitCode {
  // Commander has printed its own errors, and help, already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.reached : exitCodes.usage;
  const remedy = error instanceof AutoServeError ? error.remedy : 'run again with --verbose for the stack';
  console.error(`error: ${messageOf(error)}`);
  if (remedy !== undefined) console.error(`  ${remedy}`);
  if (verbose && error instanceof Error) console.error(stackOf(error));
  if (!(error instanceof AutoServeError)) return exitCodes.failed;
  if (error.code === 'UsageError') return exitCodes.usage;
  return error.code === 'Timeout' ? exitCodes.timeout : exitCodes.failed;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? ''}${cause}`;
}
