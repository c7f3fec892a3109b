import { expect } from 'chai';
import knex from 'knex';
import { AutoServeError } from '../../src/error.ts';
import { Database } from '../../src/store/database.ts';
import {
  MigrationDirectory,
  migrate,
  migrationStatus,
  refuseOldServer,
  unmigrate,
} from '../../src/store/migrate.ts';
import { createDatabase, type TestDatabase } from '../postgres.ts';
import { servers } from '../servers.ts';
import { ROWS } from './rows.ts';

/** A line for every table, column, constraint, index, trigger, view and function. */
const SCHEMA = `
  SELECT concat_ws(' ', 'column', table_name, column_name, data_type, is_nullable, column_default) AS line
    FROM information_schema.columns WHERE table_schema = 'public'
  UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT concat_ws(' ', 'function', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  ORDER BY 1`;

const known = new MigrationDirectory();
const schemaOf = async (database: Database) =>
  (await database.query<{ line: string }>(SCHEMA)).map(({ line }) => line);

for (const server of servers)
  describe(`migrations on ${server.name}`, () => {
    let own: TestDatabase;
    let database: Database;

    beforeEach(async () => {
      own = await server.createDatabase('empty');
      database = new Database(own.url);
    });
    afterEach(async () => {
      await database.close();
      await own.drop();
    });

    /** A row in each table that is there; applications first, for others refer to them. */
    async function insertRows(): Promise<string[]> {
      const there = await database.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
      );
      await database.query("INSERT INTO applications (name, spec) VALUES ('web', '{}')");
      const tables = Object.keys(rows).filter((table) => there.some(({ name }) => name === table));
      for (const table of tables)
        await database.query(
          `INSERT INTO ${table} (${Object.keys(rows[table] ?? {}).join(', ')})
           VALUES (${Object.values(rows[table] ?? {}).join(', ')})`,
        );
      return tables;
    }
    const rows = { ...ROWS, metrics: { app_name: "'web'", metric_type: "'rps'", value: '1' } } as typeof ROWS;

    it('go up, down and up again to the same schema', async () => {
      const names = await known.getMigrations();
      expect(await migrate(own.url)).to.deep.equal(names);
      const up = await schemaOf(database);
      expect(up.some((line) => line.includes('protect_events'))).to.equal(true);
      await insertRows();
      await unmigrate(own.url);
      expect((await schemaOf(database)).filter((line) => !line.includes('knex_migrations'))).to.deep.equal(
        [],
      );
      expect(await migrate(own.url)).to.deep.equal(names);
      expect(await schemaOf(database)).to.deep.equal(up);
    });

    it('go up from every earlier one, and keep the rows that are there', async () => {
      const names = await known.getMigrations();
      await migrate(own.url);
      const present = await schemaOf(database);
      for (let earlier = 1; earlier < names.length; earlier += 1) {
        const start = await server.createDatabase('empty');
        await database.close();
        await own.drop();
        own = start;
        database = new Database(own.url);
        await takeSome(own.url, names.slice(0, earlier));
        expect((await migrationStatus(own.url)).pending).to.deep.equal(names.slice(earlier));
        const tables = await insertRows();
        expect(tables).to.include.members(['applications', 'instances', 'revisions']);
        expect(await migrate(own.url)).to.deep.equal(names.slice(earlier));
        for (const table of tables)
          expect(
            await database.query(`SELECT FROM ${table}`),
            `${table} after ${names[earlier - 1]}`,
          ).to.have.length(table === 'applications' ? 2 : 1);
        expect(await schemaOf(database)).to.deep.equal(present);
      }
    });
  });

/** Takes these migrations, as an earlier AutoServe that had no others did. */
async function takeSome(url: string, names: readonly string[]): Promise<void> {
  const source = {
    getMigrations: () => Promise.resolve([...names]),
    getMigrationName: (name: string) => name,
    getMigration: (name: string) => known.getMigration(name),
  };
  const runner = knex({ client: 'pg', connection: url, migrations: { migrationSource: source } });
  try {
    await runner.migrate.latest();
  } finally {
    await runner.destroy();
  }
}

describe('migrations', () => {
  let own: TestDatabase;
  let database: Database;

  beforeEach(async () => {
    own = await createDatabase('empty');
    database = new Database(own.url);
  });
  afterEach(async () => {
    await database.close();
    await own.drop();
  });

  const schema = () => schemaOf(database);
  const codeOf = async (work: Promise<unknown>) =>
    await work.catch((error: unknown) => (error instanceof AutoServeError ? error.code : error));

  it('bear names without extension, so that source and build know each other', async () => {
    const names = await known.getMigrations();
    expect(names).to.include('20261123_01_core');
    expect(names).to.deep.equal(names.toSorted());
  });

  it('are taken once when rivals start together', async () => {
    const taken = await Promise.all([migrate(own.url), migrate(own.url), migrate(own.url)]);
    expect(taken.map(({ length }) => length).toSorted((a, b) => a - b)).to.deep.equal([
      0,
      0,
      (await known.getMigrations()).length,
    ]);
  });

  it('are all taken back when one fails', async () => {
    await database.query('CREATE TABLE events (id integer)');
    expect(String(await codeOf(migrate(own.url)))).to.match(/already exists/);
    expect((await migrationStatus(own.url)).applied).to.deep.equal([]);
    await database.query('DROP TABLE events');
    expect(await migrate(own.url)).to.deep.equal(await known.getMigrations());
  });

  it('refuse a schema that a newer AutoServe made, and change nothing of it', async () => {
    await migrate(own.url);
    await database.query("INSERT INTO knex_migrations (name, batch) VALUES ('20990101_future', 2)");
    const before = await schema();
    expect(await codeOf(migrate(own.url))).to.equal('SchemaNewer');
    expect(await schema()).to.deep.equal(before);
    expect((await migrationStatus(own.url)).unknown).to.deep.equal(['20990101_future']);
  });

  it('say what is pending without doing it', async () => {
    expect(await migrationStatus(own.url)).to.deep.equal({
      applied: [],
      pending: await known.getMigrations(),
      unknown: [],
    });
    expect(await schema()).to.deep.equal([]);
  });

  it('need PostgreSQL 14', () => {
    expect(() => refuseOldServer(130_014)).to.throw(AutoServeError, /PostgreSQL 13; AutoServe needs 14/);
    expect(() => refuseOldServer(140_000)).not.to.throw();
    expect(() => refuseOldServer(180_004)).not.to.throw();
  });
});
