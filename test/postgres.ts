import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import { migrate } from '../src/store/migrate.ts';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

interface TestServer {
  embedded: EmbeddedPostgres;
  directory: string;
}

let server: Promise<TestServer> | undefined;

/** A database of one's own on the server of this test run, with the present schema or empty. */
export async function createDatabase(content: 'schema' | 'empty' = 'schema'): Promise<TestDatabase> {
  server ??= startServer();
  const { url } = (await server).embedded;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = content === 'schema' ? 'autoserve' : 'template0';
  await administer(url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    url: databaseUrl(url, name),
    drop: () => administer(url, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** A database for the tests of one suite; the returned function gives it once they run. */
export function useDatabase(content: 'schema' | 'empty' = 'schema'): () => TestDatabase {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase(content);
  });
  after(async () => await database.drop());
  return () => database;
}

/** One server for the whole run, its first database the template of the others. */
async function startServer(): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'autoserve-test-postgres-'));
  const embedded = await EmbeddedPostgres.start(directory, (message) => process.stderr.write(`${message}\n`));
  // Nothing here has to outlive a crash of the machine.
  await administer(embedded.url, 'ALTER SYSTEM SET fsync = off');
  await administer(embedded.url, 'SELECT pg_reload_conf()');
  await migrate(embedded.url);
  return { embedded, directory };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(url, 'postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function databaseUrl(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

after(async () => {
  if (!server) return;
  const { embedded, directory } = await server;
  await embedded.stop();
  await rm(directory, { recursive: true });
});
