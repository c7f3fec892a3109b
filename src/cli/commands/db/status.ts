import { Command, Option } from 'commander';
import { configOf } from '../../settings.ts';

export function statusCommand(): Command {
  return new Command('status')
    .description('tell where the database is and which migrations it has')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .action(async ({ output }: { output: string }, command: Command) => {
      const config = await configOf(command);
      const [{ explaining }, { withoutPassword }, { migrationStatus }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/database-url.ts'),
        import('../../../store/migrate.ts'),
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
    });
}
