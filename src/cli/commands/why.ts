import { Command, Option } from 'commander';
import { appNameOf } from '../app-argument.ts';
import { configOf } from '../settings.ts';

const help = `
Shows the metrics beside their targets, the count that each asks for, what kept the count from it, and what would change it.
The figures are those of the last evaluation that was recorded: any that changes the count or
keeps it for another reason, and of the others one a minute.

Examples:
  autoserve why web
  autoserve why app web -o json | jq .last.decision`;

interface Options {
  output: 'text' | 'json' | 'yaml';
}

export function whyCommand(): Command {
  return new Command('why')
    .description('say why an app has as many instances as it has')
    .argument('<app>', 'app NAME, app/NAME or NAME')
    .argument('[name]')
    .addOption(
      new Option('-o, --output <format>', 'what to print').choices(['text', 'json', 'yaml']).default('text'),
    )
    .addHelpText('after', help)
    .action(async (first: string, second: string | undefined, { output }: Options, command: Command) => {
      const name = appNameOf('why', first, second);
      const config = await configOf(command);
      const [{ withReader }, { readCountStory, whyText }, { renderData }] = await Promise.all([
        import('../database.ts'),
        import('../why.ts'),
        import('../render.ts'),
      ]);
      const story = await withReader(config, (reader) => readCountStory(reader, name));
      console.log(output === 'text' ? whyText(story, new Date()) : renderData(story, output));
    });
}
