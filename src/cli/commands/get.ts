import { Command, Option } from 'commander';
import { periodOf } from '../duration-argument.ts';
import { usageError } from '../exit.ts';
import { formats, type Format, type Resource } from '../resource.ts';
import { configOf } from '../settings.ts';

const help = `
Resources (singular names are fine):
  apps          what is declared and how far it is
  instances     their containers; NAME is an app or an instance
  events        what happened, the latest last; NAME is an app
  manifests     the files, and what is wrong with them; NAME is a path
  metrics       what was measured of the app NAME, in the last --window (5m); at level instance, LAST and MAX are those of
                the instance where they are highest

JSON and YAML have the database's columns as keys. With --watch, JSON is one line for each row that changed.

Examples:
  autoserve get apps
  autoserve get app web -o json | jq -r '.[0].status'
  autoserve get instances web -o wide
  autoserve get events --watch
  autoserve get metrics web --window 1h`;

interface Options {
  output: Format;
  watch?: boolean;
  window?: string;
}

export function getCommand(): Command {
  return new Command('get')
    .description('show apps, instances, events, manifests or metrics')
    .argument('<resource>', 'apps, instances, events, manifests or metrics')
    .argument('[name]', 'only this one')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(formats).default('table'))
    .option('-w, --watch', 'go on with every change')
    .option('--window <duration>', 'metrics: of the last so long')
    .addHelpText('after', help)
    .action(async (word: string, name: string | undefined, options: Options, command: Command) => {
      const { output, watch = false, window } = options;
      const resource = await resourceOf(word, name, window);
      const config = await configOf(command);
      if (watch) await (await import('../watch.ts')).watch(config, resource, name, output);
      else await (await import('../show.ts')).show(config, resource, name, output);
    });
}

async function resourceOf(
  word: string,
  name: string | undefined,
  window: string | undefined,
): Promise<Resource<object>> {
  if (/^metrics?$/.test(word)) {
    if (name === undefined) throw usageError('get metrics needs an app', 'autoserve get metrics NAME');
    const { metricsOf } = await import('../resources/metrics.ts');
    return metricsOf(periodOf(window ?? '5m') / 1_000);
  }
  if (window !== undefined) throw usageError('--window is for metrics', 'autoserve get metrics NAME');
  const { resources } = await import('../resources.ts');
  const resource = resources.find(({ words }) => words.includes(word));
  if (!resource)
    throw usageError(
      `there is no resource "${word}"`,
      'autoserve get apps|instances|events|manifests|metrics',
    );
  return resource;
}
