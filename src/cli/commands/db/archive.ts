import { Command } from 'commander';
import { usageError } from '../../exit.ts';
import { configOf } from '../../settings.ts';

const help = `
A date alone is its midnight, UTC. What is interrupted goes on where it was when it is called again.

Examples:
  autoserve db archive --before 2026-01-01
  autoserve db archive --before 2026-01-01T12:00:00Z --table metrics_2025`;

const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

export function archiveCommand(): Command {
  return new Command('archive')
    .description('move old metrics to a table of their own')
    .requiredOption('--before <date>', 'those from before this moment, ISO 8601')
    .option('--table <name>', 'where they go; made if it is not there', 'metrics_archive')
    .addHelpText('after', help)
    .action(async ({ before, table }: { before: string; table: string }, command: Command) => {
      const cutoff = new Date(before);
      if (!MOMENT.test(before) || Number.isNaN(cutoff.getTime()))
        throw usageError(`"${before}" is no date`, 'write 2026-01-31, or 2026-01-31T12:00:00Z');
      const config = await configOf(command);
      const [{ withDatabase }, { archiveOldMetrics }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/old-metrics.ts'),
      ]);
      const moved = await withDatabase(
        config,
        async (database) => await archiveOldMetrics(database, cutoff, table),
      );
      console.log(`${moved} metrics from before ${cutoff.toISOString()} moved to ${table}`);
    });
}
