import { Command } from 'commander';
import { appNameOf } from '../app-argument.ts';
import { periodOf } from '../duration-argument.ts';
import { usageError } from '../exit.ts';
import { configOf } from '../settings.ts';

const help = `
Of all instances, each with its name before its lines; with -f also of those that come. What an instance wrote before
it failed is kept: --previous shows that of the last failure of each replica.

Examples:
  autoserve logs app web -f --since 10m
  autoserve logs app web --instance web-1-r3-1 --tail 100
  autoserve logs app web --previous`;

interface Flags {
  follow?: boolean;
  since?: string;
  tail?: string;
  previous?: boolean;
  instance?: string;
}

export function logsCommand(): Command {
  return new Command('logs')
    .description("show what an app's instances write")
    .argument('<app>', 'app NAME, app/NAME or NAME')
    .argument('[name]')
    .option('-f, --follow', 'go on with what they write')
    .option('--since <duration>', 'only of the last 10m, say')
    .option('--tail <lines>', 'only the last lines of each instance')
    .option('--previous', 'of the instances that failed last')
    .option('--instance <name>', 'only of this one, by name or index')
    .addHelpText('after', help)
    .action(async (first: string, second: string | undefined, flags: Flags, command: Command) => {
      const name = appNameOf('logs', first, second);
      const { tail, since, instance, follow = false, previous = false } = flags;
      if (tail !== undefined && !/^\d{1,9}$/.test(tail))
        throw usageError(`"${tail}" is not a number of lines`, 'write --tail 100');
      if (previous && (follow || since !== undefined))
        throw usageError('--previous is over: it takes neither -f nor --since', 'autoserve logs --help');
      const options = {
        follow,
        instance,
        tail: tail === undefined ? undefined : Number(tail),
        since: since === undefined ? undefined : new Date(Date.now() - periodOf(since)),
      };
      const config = await configOf(command);
      const { showFailures, showLogs } = await import('../show-logs.ts');
      await (previous ? showFailures(config, name, options) : showLogs(config, name, options));
    });
}
