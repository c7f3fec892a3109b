import { Command, Option } from 'commander';
import type { SlowQuery } from '../../../store/queries/slow-queries.ts';
import { usageError } from '../../exit.ts';
import { configOf } from '../../settings.ts';
import { alignColumns, oneLine } from '../../table.ts';

interface Options {
  minMs: string;
  output: 'table' | 'json';
}

export function slowCommand(): Command {
  return new Command('slow')
    .description('show the queries that take longest on average')
    .option('--min-ms <ms>', 'only those that take longer', '1000')
    .addOption(
      new Option('-o, --output <format>', 'what to print').choices(['table', 'json']).default('table'),
    )
    .action(async ({ minMs, output }: Options, command: Command) => {
      if (!/^\d+(\.\d+)?$/.test(minMs)) throw usageError(`"${minMs}" is no number of milliseconds`);
      const config = await configOf(command);
      const [{ withDatabase }, { getSlowQueries }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/queries/slow-queries.ts'),
      ]);
      const queries = await withDatabase(
        config,
        async (database) => await getSlowQueries(database, Number(minMs)),
      );
      if (output === 'json') console.log(JSON.stringify(queries, null, 2));
      else if (queries.length > 0) console.log(table(queries).join('\n'));
      else console.error(`no query takes longer than ${minMs} ms on average`);
    });
}

function table(queries: readonly SlowQuery[]): string[] {
  return alignColumns([
    ['MEAN', 'DEVIATION', 'TOTAL', 'CALLS', 'ROWS', 'HIT', 'QUERY'],
    ...queries.map((query) => [
      `${query.mean_exec_time.toFixed(1)} ms`,
      `${query.stddev_exec_time.toFixed(1)} ms`,
      `${(query.total_exec_time / 1_000).toFixed(1)} s`,
      String(query.calls),
      String(query.rows),
      query.hit_percent === null ? '-' : `${query.hit_percent.toFixed(0)} %`,
      oneLine(query.query),
    ]),
  ]);
}
