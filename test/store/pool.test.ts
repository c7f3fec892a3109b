import { expect } from 'chai';
import { Database, isUnavailable } from '../../src/store/database.ts';
import { PRIMARY_POOL, REPLICA_POOL, type PoolSettings } from '../../src/store/pool.ts';
import { eventually } from '../eventually.ts';
import { useDatabase } from '../postgres.ts';

describe('a pool', () => {
  const testDatabase = useDatabase('empty');
  const databases: Database[] = [];

  afterEach(async () => {
    for (const database of databases.splice(0)) await database.close();
  });

  function open(settings: Partial<PoolSettings>): Database {
    const database = new Database(testDatabase().url, { ...PRIMARY_POOL, ...settings });
    databases.push(database);
    return database;
  }

  const serverProcess = async (database: Database) =>
    (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
  const connections = async (database: Database) =>
    await database.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pool-test'",
    );

  it('has the sizes and times that users know', () => {
    expect(PRIMARY_POOL).to.deep.equal({
      minSize: 5,
      maxSize: 20,
      commandTimeoutMs: 30_000,
      idleMs: 300_000,
      maxQueries: 50_000,
      applicationName: 'autoserve_controller',
    });
    expect(REPLICA_POOL).to.deep.equal({
      minSize: 3,
      maxSize: 10,
      commandTimeoutMs: 60_000,
      idleMs: 600_000,
      maxQueries: 100_000,
      applicationName: 'autoserve_controller_read',
      isolation: 'repeatable read',
    });
  });

  it('recycles a connection after so many queries, those of transactions among them', async () => {
    const database = open({ maxQueries: 6 });
    const first = await serverProcess(database);
    expect(await serverProcess(database)).to.equal(first);
    // BEGIN, two queries, COMMIT.
    await database.transaction(async (connection) => {
      await connection.query('SELECT 1');
      await connection.query('SELECT 1');
    });
    expect(await serverProcess(database)).not.to.equal(first);
  });

  it('keeps its least size open, and closes what nobody uses beyond it', async () => {
    const database = open({ minSize: 2, maxSize: 6, idleMs: 1, applicationName: 'pool-test' });
    const observer = open({});
    await database.warm();
    expect(await connections(observer)).to.have.length(2);
    await Promise.all(Array.from({ length: 6 }, async () => await database.query('SELECT pg_sleep(0.05)')));
    await eventually(async () => expect(await connections(observer)).to.have.length(2));
  });

  it('never opens more than its largest size', async () => {
    const database = open({ minSize: 0, maxSize: 2 });
    const processes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const [row] = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid, pg_sleep(0.01)');
        return row?.pid;
      }),
    );
    expect(new Set(processes).size).to.equal(2);
  });

  it('that is terminated fails what is in hand as unanswered, at once', async () => {
    const database = open({});
    await database.query('SELECT 1');
    const waiting = database.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
    const observer = open({});
    await eventually(async () => {
      const sleeping =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
      expect(await observer.query(sleeping)).to.have.length(1);
    });
    await database.terminate();
    expect(isUnavailable(await waiting)).to.equal(true);
  });
});
