import { randomBytes } from 'node:crypto';
import { migrate } from '../src/store/migrate.ts';
import { DistributionServer, distributionVersion } from './distribution-postgres.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';

/** A PostgreSQL that AutoServe works with, for what has to work on each of them. */
export interface TestServer {
  name: string;
  createDatabase(content?: 'schema' | 'empty'): Promise<TestDatabase>;
}

let distribution: Promise<DistributionServer> | undefined;

async function startDistribution(): Promise<DistributionServer> {
  const server = await DistributionServer.start();
  await server.query('CREATE DATABASE autoserve');
  await migrate(server.url('autoserve'));
  return server;
}

export const servers: readonly TestServer[] = [
  { name: 'the embedded PostgreSQL', createDatabase },
  {
    name: `PostgreSQL ${distributionVersion()} of the distribution`,
    async createDatabase(content = 'schema') {
      distribution ??= startDistribution();
      const server = await distribution;
      const name = `test_${randomBytes(6).toString('hex')}`;
      await server.query(
        `CREATE DATABASE ${name} TEMPLATE ${content === 'schema' ? 'autoserve' : 'template0'}`,
      );
      return {
        url: server.url(name),
        drop: async () => void (await server.query(`DROP DATABASE ${name} WITH (FORCE)`)),
      };
    },
  },
];

after(async () => await (await distribution)?.remove());
