import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Database } from '../../src/store/database.ts';
import { grantReader, READER_RELATIONS } from '../../src/store/reader-role.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { scramVerifier } from '../../src/store/scram.ts';
import { useDatabase } from '../postgres.ts';
import { changes, declaration, event } from './records.ts';

describe('a reading role', () => {
  const testDatabase = useDatabase();
  const roles: string[] = [];
  let database: Database;

  before(async () => {
    database = new Database(testDatabase().url);
    const store = new PostgresStore(database);
    await store.applySync(
      changes({
        applications: [declaration('web')],
        events: [event('Registered', { timestamp: new Date() })],
      }),
    );
  });
  afterEach(async () => {
    for (const role of roles.splice(0))
      await database.lend(async (client) => {
        const name = client.escapeIdentifier(role);
        await client.query(`DROP OWNED BY ${name}`);
        await client.query(`DROP ROLE ${name}`);
      });
  });
  after(async () => await database.close());

  const unused = (prefix = 'reader') => {
    const role = `${prefix}_${randomBytes(4).toString('hex')}`;
    roles.push(role);
    return role;
  };
  const as = async <T>(role: string, password: string, work: (reader: Database) => Promise<T>) => {
    const url = Object.assign(new URL(testDatabase().url), { username: encodeURIComponent(role), password });
    const reader = new Database(url.href);
    try {
      return await work(reader);
    } finally {
      await reader.close();
    }
  };
  const codeOf = async (work: Promise<unknown>) =>
    await work.then(
      () => 'done',
      (error: Error) => ('code' in error ? error.code : error.message),
    );

  it('that did not exist is made, and sees the views and metrics', async () => {
    const role = unused();
    const password = await grantReader(database, role);
    await as(role, password ?? '', async (reader) => {
      for (const relation of READER_RELATIONS) await reader.query(`SELECT * FROM ${relation} LIMIT 1`);
      expect(await reader.query('SELECT name, image FROM app_status')).to.deep.equal([
        { name: 'web', image: 'demo-web:1' },
      ]);
      expect(await reader.query('SELECT reason FROM recent_events')).to.deep.equal([
        { reason: 'Registered' },
      ]);
    });
  });

  it('sees no table, and changes nothing', async () => {
    const role = unused();
    const password = await grantReader(database, role);
    const tables = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'metrics'`,
    );
    expect(tables.map(({ name }) => name)).to.include.members(['applications', 'installation', 'failures']);
    await as(role, password ?? '', async (reader) => {
      for (const { name } of tables)
        expect(await codeOf(reader.query(`SELECT FROM ${name}`)), name).to.equal('42501');
      for (const sql of [
        'DELETE FROM recent_events',
        "UPDATE instance_status SET status = 'error'",
        "INSERT INTO metrics (app_name, metric_type, value) VALUES ('web', 'rps', 1)",
        'SELECT cleanup_old_data()',
        'CREATE TABLE public.mine (id integer)',
      ])
        expect(await codeOf(reader.query(sql)), sql).to.equal('42501');
    });
  });

  it('is granted again what it has, and a new one keeps its password to itself', async () => {
    const role = unused('Reader of "the" board?');
    const password = (await grantReader(database, role)) ?? '';
    expect(password).to.match(/^[0-9a-f]{48}$/);
    expect(await grantReader(database, role)).to.equal(undefined);
    expect(
      await as(role, password, async (reader) => await codeOf(reader.query('SELECT * FROM app_status'))),
    ).to.equal('done');
    const said = await database.query('SELECT FROM pg_stat_statements WHERE position(? in query) > 0', [
      password,
    ]);
    expect(said).to.deep.equal([]);
  });

  it('is not one that can read the tables already', async () => {
    const role = unused();
    await database.query(`CREATE ROLE "${role}"`);
    await database.query(`GRANT SELECT (name, spec) ON applications TO "${role}"`);
    const error = await grantReader(database, role).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'ReaderSeesMore' });
    expect(error).to.have.property('message').that.contains('can read applications already');
    expect(await codeOf(grantReader(database, 'autoserve'))).to.equal('ReaderSeesMore');
  });

  it('cannot be made by a user who may not make roles', async () => {
    const role = unused();
    const password = await grantReader(database, role);
    const wanted = `${role}_2`;
    const code = await as(role, password ?? '', async (reader) => await codeOf(grantReader(reader, wanted)));
    expect(code).to.equal('ReaderNotGranted');
  });

  it('has the verifier that PostgreSQL itself makes of a password', async () => {
    const role = unused();
    await database.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'open sesame'`);
    const [row] = await database.query<{ verifier: string }>(
      'SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = ?',
      [role],
    );
    const salt = Buffer.from(row?.verifier.split(/[:$]/)[2] ?? '', 'base64');
    expect(scramVerifier('open sesame', salt)).to.equal(row?.verifier);
  });
});
