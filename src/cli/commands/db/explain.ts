import { Command } from 'commander';
import { configOf } from '../../settings.ts';

const help = `
The query is carried out, in a transaction that is rolled back; only an INSERT, UPDATE, DELETE or MERGE can write in it.

Examples:
  autoserve db explain "SELECT * FROM events WHERE app_name = 'web' ORDER BY timestamp DESC LIMIT 20"
  autoserve db explain 'SELECT * FROM instances WHERE app_name = $1' web`;

export function explainQueryCommand(): Command {
  return new Command('explain')
    .description('tell how PostgreSQL carries out a query, and what it takes')
    .argument('<sql>', 'one query')
    .argument('[params...]', 'what $1, $2 … in it stand for')
    .addHelpText('after', help)
    .action(async (sql: string, params: string[], _: object, command: Command) => {
      const config = await configOf(command);
      const [{ withDatabase }, { explainQuery }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/queries/explain.ts'),
      ]);
      console.log(await withDatabase(config, async (database) => await explainQuery(database, sql, params)));
    });
}
