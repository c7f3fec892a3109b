import { Command, Option } from 'commander';
import { usageError } from '../exit.ts';
import { formats, type Format } from '../resource.ts';
import { configOf } from '../settings.ts';

const help = `
Resources (singular names are fine):
  apps          what is declared and how far it is
  instances     their containers; NAME is an app or an instance
  events        what happened, the latest last; NAME is an app
  manifests     the files, and what is wrong with them; NAME is a path

JSON and YAML have the database's columns as keys. With --watch, JSON is one line for each row that changed.

Examples:
  autoserve get apps
  autoserve get app web -o json | jq -r '.[0].status'
  autoserve get instances web -o wide
  autoserve get events --watch`;

interface Options {
  output: Format;
  watch?: boolean;
}

export function getCommand(): Command {
  return new Command('get')
    .description('show apps, instances, events or manifests')
    .argument('<resource>', 'apps, instances, events or manifests')
    .argument('[name]', 'only this one')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(formats).default('table'))
    .option('-w, --watch', 'go on with every change')
    .addHelpText('after', help)
    .action(async (word: string, name: string | undefined, options: Options, command: Command) => {
      const { resources } = await import('../resources.ts');
      const resource = resources.find(({ words }) => words.includes(word));
      if (!resource)
        throw usageError(`there is no resource "${word}"`, 'autoserve get apps|instances|events|manifests');
      const config = await configOf(command);
      if (options.watch === true)
        await (await import('../watch.ts')).watch(config, resource, name, options.output);
      else await (await import('../show.ts')).show(config, resource, name, options.output);
    });
}
