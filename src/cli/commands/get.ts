import { Command, Option } from 'commander';
import type { Config } from '../../config.ts';
import { AutoServeError } from '../../error.ts';
import { usageError } from '../exit.ts';
import { formats, type Format, type Resource } from '../resource.ts';
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
      else await show(config, resource, name, options.output);
    });
}

async function show<Row extends object>(
  config: Config,
  resource: Resource<Row>,
  name: string | undefined,
  format: Format,
): Promise<void> {
  const [{ withReader }, { renderRows }] = await Promise.all([
    import('../database.ts'),
    import('../render.ts'),
  ]);
  const rows = await withReader(config, (database) => resource.list(database, name));
  if (rows.length === 0 && name !== undefined && resource.byName)
    throw new AutoServeError('NotFound', `${resource.kind} "${name}" not found`, {
      remedy: `autoserve get ${resource.words[0]}`,
    });
  const isText = format === 'table' || format === 'wide' || format === 'name';
  if (rows.length > 0 || !isText)
    console.log(renderRows(resource, rows, format, new Date(), process.stdout.columns));
  else
    console.error(
      `no ${resource.words[0]}${name === undefined ? '' : ` of ${name}`}: ${hint(resource.kind, config)}`,
    );
}

function hint(kind: string, config: Config): string {
  if (kind === 'event') return 'nothing has happened yet';
  if (kind === 'instance') return 'autoserve get apps';
  return `put a manifest into the folder that autoserve up watches (here: ${config.manifests})`;
}
