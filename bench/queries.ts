import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../src/store/database.ts';
import { EmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import { migrate } from '../src/store/migrate.ts';
import { PostgresStore } from '../src/store/postgres/postgres-store.ts';
import { getAppsSummary } from '../src/store/queries/applications.ts';
import type { InstanceStatus } from '../src/store/store.ts';
import { median, type Row } from './row.ts';

const APPS = 1_000;
const INSTANCES_OF_AN_APP = 5;
const SUMMARIES = 50;
const WRITTEN = 40;
const WRITES = 20;

/** What is asked and written of many applications, on the embedded PostgreSQL; statements are those that it counted. */
export async function queryRows(add: (row: Row) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'autoserve-bench-'));
  // The embedded PostgreSQL of root runs as another user, who must be able to enter.
  await chmod(root, 0o711);
  const postgres = await EmbeddedPostgres.start(join(root, 'data'), () => {});
  await migrate(postgres.url);
  const database = new Database(postgres.url);
  try {
    await fill(database);
    add(await summary(database));
    add(await statusWrite(database));
  } finally {
    await database.close();
    await postgres.stop();
    await rm(root, { recursive: true });
  }
}

async function fill(database: Database): Promise<void> {
  await database.query(`
    INSERT INTO applications (name, spec, status, replicas, desired_replicas)
    SELECT 'app-' || app, '{}', 'running', ${INSTANCES_OF_AN_APP}, ${INSTANCES_OF_AN_APP}
    FROM generate_series(1, ${APPS}) app;
    INSERT INTO instances (app_name, container_name, container_id, replica_index, status, health_status, cpu_percent)
    SELECT 'app-' || app, format('app-%s-%s-r1-1', app, i), format('container-%s-%s', app, i), i, 'running', 'healthy', app % 100
    FROM generate_series(1, ${APPS}) app, generate_series(0, ${INSTANCES_OF_AN_APP - 1}) i;
    ANALYZE`);
}

async function summary(database: Database): Promise<Row> {
  const times: number[] = [];
  const statements = await statementsOf(database, SUMMARIES, async () => {
    const begin = performance.now();
    const rows = await getAppsSummary(database);
    times.push(performance.now() - begin);
    if (rows.length !== APPS) throw new Error(`${rows.length} applications instead of ${APPS}`);
  });
  const ms = median(times);
  return {
    work: `getAppsSummary of ${APPS} apps, ${APPS * INSTANCES_OF_AN_APP} instances, median of ${SUMMARIES}`,
    yardstick: '-',
    measured: `${ms.toFixed(1)} ms, ${statements} statement`,
    bound: 'one query, under 50 ms',
    met: statements === 1 && ms < 50,
  };
}

async function statusWrite(database: Database): Promise<Row> {
  const store = new PostgresStore(database);
  const times: number[] = [];
  let exitCode = 0;
  const statements = await statementsOf(database, WRITES, async () => {
    exitCode += 1;
    const begin = performance.now();
    await store.writeStatus(
      [],
      Array.from({ length: WRITTEN }, (_, index) => statusOf(index + 1, exitCode)),
    );
    times.push(performance.now() - begin);
  });
  const [written] = await database.query<{ count: number }>(
    'SELECT count(*) FROM instances WHERE exit_code = ?',
    [exitCode],
  );
  return {
    work: `status write of ${WRITTEN} instances, median of ${WRITES}`,
    yardstick: '-',
    measured: `${statements} statement, ${median(times).toFixed(1)} ms`,
    bound: 'one statement',
    met: statements === 1 && written?.count === WRITTEN,
  };
}

/** How many statements the server was sent for each of `times` runs of `work`. */
async function statementsOf(database: Database, times: number, work: () => Promise<void>): Promise<number> {
  await database.query('SELECT pg_stat_statements_reset()');
  for (let time = 0; time < times; time += 1) await work();
  const [counted] = await database.query<{ calls: number }>(
    `SELECT sum(calls)::bigint AS calls FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND query NOT LIKE '%pg_stat_statements%'`,
  );
  return (counted?.calls ?? 0) / times;
}

function statusOf(app: number, exitCode: number): InstanceStatus {
  return {
    appName: `app-${app}`,
    containerName: `app-${app}-0-r1-1`,
    containerId: `container-${app}-0`,
    replicaIndex: 0,
    revision: 1,
    attempt: 1,
    restarts: 0,
    specHash: 'h',
    imageId: null,
    ip: null,
    port: 80,
    status: 'error',
    drainingSince: null,
    startedAt: null,
    finishedAt: new Date(),
    exitCode,
    oomKilled: false,
    removedAt: null,
  };
}
