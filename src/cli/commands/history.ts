import { Command, Option } from 'commander';
import { appNameOf } from '../app-argument.ts';
import { formats, type Format } from '../resource.ts';
import { configOf } from '../settings.ts';

const help = `
STATE: current is what is kept, stable what once was rolled out completely, failed what was rolled back, and held the
manifest's own revision while an earlier one is kept.

Examples:
  autoserve history app web
  autoserve history app web -o json | jq '.[].spec.spec.image'`;

export function historyCommand(): Command {
  return new Command('history')
    .description('show the revisions of an app')
    .argument('<app>', 'app NAME, app/NAME or NAME')
    .argument('[name]')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(formats).default('table'))
    .addHelpText('after', help)
    .action(
      async (first: string, second: string | undefined, { output }: { output: Format }, command: Command) => {
        const name = appNameOf('history', first, second);
        const config = await configOf(command);
        const [{ withReader }, read, { renderRows }, { revisionsOf }, { missingApp }] = await Promise.all([
          import('../database.ts'),
          import('../../store/read.ts'),
          import('../render.ts'),
          import('../resources/revisions.ts'),
          import('../missing-app.ts'),
        ]);
        const { app, rows } = await withReader(config, async (reader) => {
          const [found] = await read.listApplications(reader, name);
          if (!found) throw await missingApp(reader, name);
          return { app: found, rows: await read.listRevisions(reader, name) };
        });
        const own = rows.filter(({ app_uid: uid }) => uid === app.uid);
        console.log(renderRows(revisionsOf(app, own), own, output, new Date(), process.stdout.columns));
      },
    );
}
