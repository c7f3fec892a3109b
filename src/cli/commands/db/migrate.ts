import { Command } from 'commander';
import { configOf } from '../../settings.ts';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the schema up to date; autoserve up does so by itself')
    .action(async (_: object, command: Command) => {
      const config = await configOf(command);
      const [{ explaining }, { migrate }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/migrate.ts'),
      ]);
      const taken = await explaining(config, migrate);
      console.log(taken.length === 0 ? 'the schema is up to date' : `migrated:\n  ${taken.join('\n  ')}`);
    });
}
