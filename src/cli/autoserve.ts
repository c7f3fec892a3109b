#!/usr/bin/env node
import { program } from './program.ts';
import { reportError } from './exit.ts';

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = reportError(error, isVerbose(process.argv, process.env));
}

/** Read from the arguments themselves, for they may be what is wrong. */
function isVerbose(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return argv.includes('--verbose') || env['AUTOSERVE_LOG_LEVEL'] === 'debug';
}
