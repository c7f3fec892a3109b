import { Command, Option } from 'commander';
import type { Cleaned } from '../../../store/retention.ts';
import { configOf } from '../../settings.ts';
import { alignColumns } from '../../table.ts';

const help = `
How long what is kept is in the table retention_periods; autoserve up writes it there from its configuration, and
cleans up by itself.`;

export function cleanupCommand(): Command {
  return new Command('cleanup')
    .description('remove what is older than it is kept')
    .addOption(
      new Option('-o, --output <format>', 'what to print').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', help)
    .action(async ({ output }: { output: 'table' | 'json' }, command: Command) => {
      const config = await configOf(command);
      const [{ withDatabase }, { cleanupAllOldData }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/retention.ts'),
      ]);
      const cleaned = await withDatabase(config, (database) => cleanupAllOldData(database));
      console.log(output === 'json' ? JSON.stringify(cleaned, null, 2) : table(cleaned).join('\n'));
    });
}

function table(cleaned: readonly Cleaned[]): string[] {
  return alignColumns([
    ['TABLE', 'DELETED'],
    ...cleaned.map((row) => [row.table_name, String(row.deleted_count)]),
  ]);
}
