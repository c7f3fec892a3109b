import type { Command } from 'commander';
import { loadConfig, type Config, type ConfigFlags } from '../config.ts';

/** The configuration of a command's run, from the flags before and after it. Throws `UsageError`. */
export async function configOf(command: Command): Promise<Readonly<Config>> {
  const { verbose, ...flags } = command.optsWithGlobals<ConfigFlags & { verbose?: boolean }>();
  return await loadConfig(
    { ...flags, ...(verbose === true && { logLevel: 'debug' }) },
    process.env,
    process.cwd(),
  );
}
