import { Command } from 'commander';
import { usageError } from '../../exit.ts';
import { configOf } from '../../settings.ts';

const help = `
Each hour's events of an application and a type become one row of events_compressed: how many of each severity, and the
last five messages. Events are kept 30 days unless retention.days.events of the configuration says more.`;

export function compressCommand(): Command {
  return new Command('compress')
    .description('replace old events by their counts of each hour')
    .option('--days <days>', 'those older than this', '90')
    .addHelpText('after', help)
    .action(async ({ days }: { days: string }, command: Command) => {
      if (!/^[1-9]\d{0,4}$/.test(days)) throw usageError(`"${days}" is no number of days`);
      const config = await configOf(command);
      const [{ withDatabase }, { compressOldEvents }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/old-events.ts'),
      ]);
      const compressed = await withDatabase(
        config,
        async (database) => await compressOldEvents(database, Number(days)),
      );
      console.log(`${compressed} events older than ${days} days compressed`);
    });
}
