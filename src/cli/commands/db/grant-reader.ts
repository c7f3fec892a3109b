import { Command } from 'commander';
import { configOf } from '../../settings.ts';

const help = `
For Grafana and people: the role reads app_status, instance_status, recent_events, scaling_history and metrics, and
nothing else, for specs may hold secrets. A role that does not exist is made, and its URL printed, this once. One that
exists is given what a newer AutoServe has added.

Examples:
  autoserve db grant-reader grafana
  psql "$(autoserve db grant-reader alice)" -c 'SELECT * FROM app_status'`;

export function grantReaderCommand(): Command {
  return new Command('grant-reader')
    .description('let a role read status and metrics, and no secrets')
    .argument('<role>', 'of PostgreSQL')
    .addHelpText('after', help)
    .action(async (role: string, _: object, command: Command) => {
      const config = await configOf(command);
      const [{ withDatabase }, { grantReader, READER_RELATIONS }] = await Promise.all([
        import('../../database.ts'),
        import('../../../store/reader-role.ts'),
      ]);
      await withDatabase(config, async (database, url) => {
        const password = await grantReader(database, role);
        if (password !== undefined)
          console.log(Object.assign(new URL(url), { username: encodeURIComponent(role), password }).href);
        console.error(`${role} reads ${READER_RELATIONS.join(', ')}`);
      });
    });
}
