import { Command, Option } from 'commander';
import type { Config } from '../../../config.ts';
import type { MigrationStatus } from '../../../store/migrate.ts';
import type { Finding } from '../../../store/replica/standby.ts';
import type { ServerStatus } from '../../../store/server-status.ts';
import { formatBytes } from '../../bytes.ts';
import { configOf } from '../../settings.ts';

interface Status extends ServerStatus, MigrationStatus {
  database: string;
  replica: (Finding & { url: string }) | null;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('tell where the database is, its size, its replica and which migrations it has')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .action(async ({ output }: { output: string }, command: Command) => {
      const status = await readStatus(await configOf(command));
      console.log(output === 'json' ? JSON.stringify(status, null, 2) : lines(status).join('\n'));
      if (output !== 'json' && status.pending.length > 0)
        console.error('bring it up to date with: autoserve db migrate');
    });
}

async function readStatus(config: Config): Promise<Status> {
  const [{ withDatabase }, { withoutPassword }, { migrationStatus }, { serverStatus }, { StandbyProbe }] =
    await Promise.all([
      import('../../database.ts'),
      import('../../../store/database-url.ts'),
      import('../../../store/migrate.ts'),
      import('../../../store/server-status.ts'),
      import('../../../store/replica/standby.ts'),
    ]);
  return await withDatabase(config, async (database, url) => {
    const server = await serverStatus(database);
    const migrations = await migrationStatus(url);
    let replica: Status['replica'] = null;
    if (config.replica) {
      const probe = new StandbyProbe(config.replica.url, database);
      const finding = await probe.look(config.replica.maxLagSeconds);
      await probe.close();
      replica = { url: withoutPassword(config.replica.url), ...finding };
    }
    return { database: withoutPassword(url), ...server, replica, ...migrations };
  });
}

function lines({
  database,
  version,
  bytes,
  tables,
  pgStatStatements,
  replica,
  ...migrations
}: Status): string[] {
  const { applied, pending, unknown } = migrations;
  return [
    `database  ${database}`,
    `server    PostgreSQL ${version}`,
    `size      ${formatBytes(bytes)}`,
    ...tables.map((table) => `table     ${table.name} ${formatBytes(table.bytes)}`),
    `replica   ${replicaLine(replica)}`,
    `queries   ${pgStatStatements ? 'kept by pg_stat_statements: autoserve db slow' : 'not kept: pg_stat_statements is not there'}`,
    ...applied.map((name) => `applied   ${name}`),
    ...pending.map((name) => `pending   ${name}`),
    ...unknown.map((name) => `newer     ${name}`),
  ];
}

function replicaLine(replica: Status['replica']): string {
  if (!replica) return 'none';
  return replica.usable
    ? `${replica.url}, ${replica.lagSeconds.toFixed(1)} s behind`
    : `not used: ${replica.message}`;
}
