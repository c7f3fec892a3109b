import { Command, Option } from 'commander';
import { formats, type Format } from '../resource.ts';
import { configOf } from '../settings.ts';

const help = `
Of the last measurement: requests a second and their 95th percentile through the ingress, CPU and memory of the limit, or
of the host where there is none, as means over the ready instances, memory used and open connections of all together.
With a NAME: each instance of that app. Nothing is shown that was not measured in the last 30 s.

Examples:
  autoserve top
  autoserve top web --watch`;

export function topCommand(): Command {
  return new Command('top')
    .description('show what apps use')
    .argument('[name]', 'the instances of this app')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(formats).default('table'))
    .option('-w, --watch', 'go on with every change')
    .addHelpText('after', help)
    .action(
      async (
        name: string | undefined,
        { output, watch = false }: { output: Format; watch?: boolean },
        command: Command,
      ) => {
        const config = await configOf(command);
        const [usage, { show }, watching] = await Promise.all([
          import('../resources/usage.ts'),
          import('../show.ts'),
          import('../watch.ts'),
        ]);
        const print = watch ? watching.watch : show;
        if (name === undefined) await print(config, usage.appUsage, name, output);
        else await print(config, usage.instanceUsage, name, output);
      },
    );
}
