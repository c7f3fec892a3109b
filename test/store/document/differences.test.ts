import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { createDatabase, type TestDatabase } from '../../postgres.ts';
import { statementsAsWritten } from './statements.ts';

interface Part {
  /** How docs/database.md names it. */
  name: string;
  definition: string;
}

const TABLES = ['applications', 'instances', 'events', 'metrics', 'scaling_policies', 'health_checks'];

/** Columns, constraints and indexes; what a constraint makes by itself is not named again. */
const SCHEMA = `
  SELECT table_name || '.' || column_name AS name,
         concat_ws(' ', data_type, character_maximum_length, CASE is_nullable WHEN 'NO' THEN 'not null' END,
                   'default ' || column_default, identity_generation) AS definition
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(?)
  UNION ALL
  SELECT conrelid::regclass || CASE contype WHEN 'c' THEN '.' || conname
           ELSE (SELECT format(' (%s)', string_agg(attname, ', ' ORDER BY place))
                 FROM unnest(conkey) WITH ORDINALITY AS k (number, place)
                 JOIN pg_attribute ON attrelid = conrelid AND attnum = number) END
           || CASE contype WHEN 'f' THEN ' REFERENCES' ELSE '' END,
         pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text = ANY(?) AND contype <> 'n'
  UNION ALL
  SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes
  WHERE schemaname = 'public' AND tablename = ANY(?) AND indexname NOT LIKE '%key'`;

/** What docs/database.md says once for all columns. */
function inGeneral(definition: string): string {
  return definition
    .replace(/^integer not null default nextval.*/, 'bigint not null BY DEFAULT')
    .replace(/^real\b/, 'double precision')
    .replace(/(.*?)( not null)?( default .*)/, '$1 not null$3');
}

describe('docs/database.md', () => {
  const page = readFileSync(new URL('../../../docs/database.md', import.meta.url), 'utf8');
  const differences = page.slice(
    page.indexOf('## Differences'),
    page.indexOf('\n## ', page.indexOf('## Differences') + 1),
  );
  const databases: { of: TestDatabase; open: Database }[] = [];

  async function open(content: 'schema' | 'empty'): Promise<Database> {
    const of = await createDatabase(content);
    const database = new Database(of.url);
    databases.push({ of, open: database });
    return database;
  }

  after(async () => {
    for (const { of, open: database } of databases) {
      await database.close();
      await of.drop();
    }
  });

  const parts = async (database: Database) => {
    const rows = await database.query<Part>(SCHEMA, [TABLES, TABLES, TABLES]);
    return new Map(rows.map(({ name, definition }) => [name, definition]));
  };

  it('lists every column, check, key and index that is not as the document has it', async () => {
    const written = await open('empty');
    await written.lend(async (client) => {
      for (const { sql, params, refusedWith } of statementsAsWritten())
        if (refusedWith === null) await client.query(sql, params);
    });
    const ours = await parts(await open('schema'));
    const refused = statementsAsWritten().flatMap(
      ({ sql, refusedWith }) => (refusedWith && /CREATE INDEX (\w+)/.exec(sql)?.[1]) || [],
    );
    const different = [...(await parts(written))].flatMap(([name, definition]) =>
      ours.get(name) === definition || ours.get(name) === inGeneral(definition) ? [] : [name],
    );
    expect(refused).to.have.length(3);
    for (const name of [...refused, ...different]) expect(differences, name).to.contain(`\`${name}\``);
  });

  it('describes every table and view with every column', async () => {
    const database = await open('schema');
    const columns = await database.query<{ relation: string; name: string }>(
      `SELECT relname AS relation, attname AS name FROM pg_class
       JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
         AND relname NOT LIKE 'knex%' AND relname NOT LIKE 'pg_stat%'
       ORDER BY relname, attnum`,
    );
    expect(columns.length).to.be.above(100);
    for (const { relation, name } of columns) {
      const start = page.indexOf(`### \`${relation}\``);
      expect(start, relation).to.be.above(0);
      const section = page.slice(start, page.indexOf('\n##', start + 1));
      expect(section, `${relation}.${name}`).to.contain(`\`${name}\``);
    }
  });
});
