import { expect } from 'chai';
import { Database, isUnavailable } from '../../src/store/database.ts';
import { PRIMARY_POOL } from '../../src/store/pool.ts';
import { useDatabase } from '../postgres.ts';

describe('Database', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(() => {
    database = new Database(testDatabase().url, { ...PRIMARY_POOL, commandTimeoutMs: 200 });
  });
  after(async () => await database.close());

  it('shows itself to the server by name, compiles no plans and limits its statements', async () => {
    const [row] = await database.query(
      `SELECT current_setting('application_name') AS name, current_setting('jit') AS jit,
              current_setting('statement_timeout') AS timeout`,
    );
    expect(row).to.deep.equal({ name: 'autoserve_controller', jit: 'off', timeout: '200ms' });
  });

  it('counts a statement that takes too long as unanswered', async () => {
    const error = await database.query('SELECT pg_sleep(60)').catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', '57014');
    expect(isUnavailable(error)).to.equal(true);
  });

  it('gives bigint as numbers, and binds values in their order', async () => {
    const [row] = await database.query('SELECT 9007199254740991::bigint AS big, ? AS one, ?::date AS two', [
      "it's",
      '2026-01-01',
    ]);
    expect(row).to.deep.include({ big: 9_007_199_254_740_991, one: "it's" });
  });

  it('rolls a transaction back when its work throws', async () => {
    await database.query('CREATE TABLE kept (id integer)');
    const failed = database.transaction(async (connection) => {
      await connection.query('INSERT INTO kept VALUES (1)');
      throw new Error('no');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('no');
    await database.transaction((connection) => connection.query('INSERT INTO kept VALUES (2)'));
    expect(await database.query('SELECT id FROM kept')).to.deep.equal([{ id: 2 }]);
  });

  it('says what the server said, and nothing else', async () => {
    const messageOf = async (work: Promise<unknown>) => await work.catch((error: Error) => error.message);
    expect(await messageOf(database.query('SELECT * FROM nowhere'))).to.equal(
      'relation "nowhere" does not exist',
    );
    const within = database.transaction((connection) => connection.query("SELECT 'x'::integer + ?", [1]));
    expect(await messageOf(within)).to.equal('invalid input syntax for type integer: "x"');
  });

  it('tells a database that does not answer from one that refuses', () => {
    const withCode = (code: string) => Object.assign(new Error('x'), { code });
    const away = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', '57P01', '57P03', '08006', '53300', '25006'];
    for (const code of away) expect(isUnavailable(withCode(code)), code).to.equal(true);
    for (const message of ['Connection terminated unexpectedly', 'Query read timeout', 'timeout expired'])
      expect(isUnavailable(new Error(message)), message).to.equal(true);
    for (const code of ['23505', '42P01', '28P01', '3D000', '22P02'])
      expect(isUnavailable(withCode(code)), code).to.equal(false);
    expect(isUnavailable(new Error('no such column'))).to.equal(false);
    expect(isUnavailable('ECONNREFUSED')).to.equal(false);
  });
});
