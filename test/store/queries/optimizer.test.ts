import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { explainQuery } from '../../../src/store/queries/explain.ts';
import { getSlowQueries } from '../../../src/store/queries/slow-queries.ts';
import { useDatabase } from '../../postgres.ts';

describe('explainQuery', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(async () => {
    database = new Database(testDatabase().url);
    await database.query("INSERT INTO applications (name, spec) VALUES ('web', '{}')");
    await database.query('CREATE SEQUENCE counter');
  });
  after(async () => await database.close());

  const codeOf = async (sql: string, params: unknown[] = [], timeoutMs?: number) =>
    await explainQuery(database, sql, params, timeoutMs).then(
      () => 'explained',
      (error: Error) => ('code' in error ? error.code : error.message),
    );
  const names = async () => await database.query('SELECT name, status FROM applications ORDER BY name');

  it('gives the plan with what it took, as indented JSON', async () => {
    const text = await explainQuery(database, 'SELECT * FROM applications WHERE name = $1', ['web']);
    const [explained] = JSON.parse(text) as Record<string, Record<string, unknown>>[];
    expect(text).to.equal(JSON.stringify([explained], null, 2));
    expect(explained).to.include.keys('Plan', 'Execution Time');
    expect(explained?.['Plan']).to.include({ 'Actual Rows': 1 });
    expect(explained?.['Plan']).to.include.keys('Shared Hit Blocks');
  });

  it('carries out what writes, and takes it back', async () => {
    const before = await names();
    const text = await explainQuery(database, "UPDATE applications SET status = 'error' WHERE name = $1", [
      'web',
    ]);
    expect(text).to.contain('"ModifyTable"');
    expect(await codeOf('DELETE FROM applications')).to.equal('explained');
    expect(await codeOf("INSERT INTO applications (name, spec) VALUES ('new', '{}')")).to.equal('explained');
    expect(
      await codeOf('WITH gone AS (DELETE FROM applications RETURNING name) SELECT * FROM gone'),
    ).to.equal('explained');
    expect(await names()).to.deep.equal(before);
  });

  it('lets no query that only reads write', async () => {
    expect(await codeOf("SELECT nextval('counter')")).to.equal('25006');
    expect(await database.query('SELECT is_called FROM counter')).to.deep.equal([{ is_called: false }]);
  });

  it('leaves no table behind', async () => {
    expect(await codeOf('CREATE TABLE copied AS SELECT * FROM applications')).to.equal('explained');
    expect(await database.query("SELECT to_regclass('copied') AS name")).to.deep.equal([{ name: null }]);
  });

  it('refuses several statements', async () => {
    for (const sql of [
      'SELECT 1; DELETE FROM applications',
      'SELECT 1; COMMIT; DELETE FROM applications; BEGIN',
      'SELECT $1::integer; DROP TABLE applications',
    ])
      expect(await codeOf(sql, sql.includes('$1') ? [1] : []), sql).to.equal('QueryRefused');
    expect(await codeOf('COMMIT')).to.equal('42601');
    expect(await names()).to.have.length(1);
  });

  it('takes question marks for what they are in SQL', async () => {
    expect(await codeOf("SELECT * FROM applications WHERE spec ? 'metadata'")).to.equal('explained');
  });

  it('gives up after its time, and leaves the connection in order', async () => {
    expect(await codeOf('SELECT pg_sleep(60)', [], 50)).to.equal('57014');
    const alone = new Database(testDatabase().url);
    try {
      const [row] = await alone.query("SELECT current_setting('statement_timeout') AS timeout");
      expect(row).to.deep.equal({ timeout: '30s' });
    } finally {
      await alone.close();
    }
    expect(await codeOf('SELECT no_such_column FROM applications')).to.equal('42703');
    expect(await codeOf('SELECT 1')).to.equal('explained');
  });
});

describe('getSlowQueries', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(() => {
    database = new Database(testDatabase().url);
  });
  after(async () => await database.close());

  it('gives the queries of this database that are slow on average', async () => {
    for (const seconds of [0.11, 0.12]) await database.query('SELECT pg_sleep(?)', [seconds]);
    await database.query('SELECT 1 AS quick');
    const [slow, ...others] = await getSlowQueries(database, 100);
    expect(others).to.deep.equal([]);
    expect(slow).to.deep.include({ query: 'SELECT pg_sleep($1)', calls: 2, rows: 2 });
    expect(slow?.mean_exec_time).to.be.within(100, 10_000);
    expect(slow?.total_exec_time).to.be.at.least(200);
    expect(slow).to.include.keys('stddev_exec_time', 'hit_percent');
    expect(await getSlowQueries(database)).to.deep.equal([]);
  });

  it('says what to do where the server does not keep them', async () => {
    await database.query('DROP EXTENSION pg_stat_statements');
    const error = await getSlowQueries(database).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'SlowQueriesUnknown', remedy: 'CREATE EXTENSION pg_stat_statements' });
  });
});
