import { Command, Option } from 'commander';
import { formats, type Format } from '../resource.ts';
import { configOf } from '../settings.ts';

const help = `
Examples:
  autoserve events
  autoserve events -f --app web
  autoserve events -f -o json | jq -r 'select(.severity == "error").message'`;

interface Options {
  follow?: boolean;
  app?: string;
  output: Format;
}

export function eventsCommand(): Command {
  return new Command('events')
    .description('show what happened, the latest last')
    .option('-f, --follow', 'go on with what happens')
    .option('--app <name>', 'of this app only')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(formats).default('table'))
    .addHelpText('after', help)
    .action(async ({ follow = false, app, output }: Options, command: Command) => {
      const config = await configOf(command);
      const { events } = await import('../resources/events.ts');
      if (follow) await (await import('../follow-events.ts')).followEvents(config, app, output);
      else await (await import('../show.ts')).show(config, events, app, output);
    });
}
