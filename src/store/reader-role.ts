import { randomBytes } from 'node:crypto';
import { AutoServeError, messageOf } from '../error.ts';
import type { Connection, Database } from './database.ts';
import { scramVerifier } from './scram.ts';

/**
 * What readers see. The tables themselves are not among it: specs and health checks hold the values of the manifest's
 * environment and headers, failures hold an app's logs, and `installation` holds a key.
 */
export const READER_RELATIONS = [
  'app_status',
  'instance_status',
  'recent_events',
  'scaling_history',
  'metrics',
] as const;

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Lets a role read what readers see, and nothing else. A role that does not exist is made, with a password, which is
 * returned; of one that exists only the grants change. Throws `ReaderSeesMore` for a role that can read the tables
 * themselves, `ReaderNotGranted` when the database user may not do that.
 */
export async function grantReader(database: Database, role: string): Promise<string | undefined> {
  try {
    return await database.transaction(async (connection) => {
      const password = await makeRole(connection, role);
      await refuseOneThatSeesMore(connection, role);
      await execute(
        connection,
        "format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), ?::text)",
        role,
      );
      await execute(connection, "format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), ?::text)", role);
      for (const relation of READER_RELATIONS)
        await execute(connection, `format('GRANT SELECT ON ${relation} TO %I', ?::text)`, role);
      return password;
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    throw new AutoServeError(
      'ReaderNotGranted',
      `the database does not let this user do that: ${messageOf(error)}`,
      {
        remedy: `CREATE ROLE "${role}" LOGIN PASSWORD '…' as a superuser, then run this again`,
        cause: error,
      },
    );
  }
}

async function makeRole(connection: Connection, role: string): Promise<string | undefined> {
  const [known] = await connection.query('SELECT FROM pg_roles WHERE rolname = ?', [role]);
  if (known) return undefined;
  const password = randomBytes(24).toString('hex');
  await execute(
    connection,
    "format('CREATE ROLE %I LOGIN PASSWORD %L', ?::text, ?::text)",
    role,
    scramVerifier(password),
  );
  return password;
}

async function refuseOneThatSeesMore(connection: Connection, role: string): Promise<void> {
  const tables = await connection.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE 'metrics%'
       AND has_any_column_privilege(?, oid, 'SELECT')
     ORDER BY relname`,
    [role],
  );
  if (tables.length > 0)
    throw new AutoServeError(
      'ReaderSeesMore',
      `role "${role}" can read ${tables.map(({ name }) => name).join(', ')} already, and what is secret in them`,
      { remedy: 'name another role: one that does not exist is made' },
    );
}

/** Runs the statement that an SQL expression makes of `values`. */
async function execute(connection: Connection, expression: string, ...values: string[]): Promise<void> {
  const [row] = await connection.query<{ statement: string }>(`SELECT ${expression} AS statement`, values);
  // A question mark in a name is one.
  await connection.query(String(row?.statement).replaceAll('?', '\\?'));
}
