import { Command, Option } from 'commander';
import { configOf } from '../settings.ts';

const help = `
Examples:
  psql "$(autoserve db url)"
  autoserve db status
  autoserve db migrate --database-url postgres://autoserve@db.internal/autoserve`;

export function dbCommand(): Command {
  return new Command('db')
    .description('the database: where it is, its schema')
    .addHelpText('after', help)
    .addCommand(
      new Command('url')
        .description('print the URL, with its password, for psql and other clients')
        .action(async (_: object, command: Command) => {
          const config = await configOf(command);
          const { databaseUrlOf } = await import('../database.ts');
          console.log(await databaseUrlOf(config));
        }),
    )
    .addCommand(
      new Command('migrate')
        .description('bring the schema up to date; autoserve up does so by itself')
        .action(async (_: object, command: Command) => {
          const config = await configOf(command);
          const [{ explaining }, { migrate }] = await Promise.all([
            import('../database.ts'),
            import('../../store/migrate.ts'),
          ]);
          const taken = await explaining(config, migrate);
          console.log(taken.length === 0 ? 'the schema is up to date' : `migrated:\n  ${taken.join('\n  ')}`);
        }),
    )
    .addCommand(
      new Command('status')
        .description('tell where the database is and which migrations it has')
        .addOption(
          new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'),
        )
        .action(async ({ output }: { output: string }, command: Command) => {
          const config = await configOf(command);
          const [{ explaining, withoutPassword }, { migrationStatus }] = await Promise.all([
            import('../database.ts'),
            import('../../store/migrate.ts'),
          ]);
          const status = await explaining(config, async (url) => ({
            database: withoutPassword(url),
            ...(await migrationStatus(url)),
          }));
          if (output === 'json') console.log(JSON.stringify(status, null, 2));
          else {
            const { database, applied, pending, unknown } = status;
            console.log(`database  ${database}`);
            for (const name of applied) console.log(`applied   ${name}`);
            for (const name of pending) console.log(`pending   ${name}`);
            for (const name of unknown) console.log(`newer     ${name}`);
            if (pending.length > 0) console.error('bring it up to date with: autoserve db migrate');
          }
        }),
    );
}
