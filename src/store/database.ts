import knex, { type Knex } from 'knex';
import pg from 'pg';

export interface PoolSettings {
  minSize: number;
  maxSize: number;
  /** After which a statement is called off by the server. */
  commandTimeoutMs: number;
  /** After which a connection beyond `minSize` that nobody used is closed. */
  idleMs: number;
  applicationName: string;
}

/** The pool that the controllers read and write. */
export const PRIMARY_POOL: PoolSettings = {
  minSize: 5,
  maxSize: 20,
  commandTimeoutMs: 30_000,
  idleMs: 300_000,
  applicationName: 'autoserve_controller',
};

const CONNECT_TIMEOUT_MS = 5_000;
const ACQUIRE_TIMEOUT_MS = 15_000;
/** How much longer than the server's own timeout a reply is awaited, before the connection counts as dead. */
const REPLY_GRACE_MS = 5_000;

/** Where a query can be sent: the pool, or one transaction. */
export interface Connection {
  /**
   * Runs one statement; `?` in it stands for the next of `bindings`. `bigint` columns come as numbers. Throws what
   * the driver throws: see `isUnavailable`.
   */
  query<Row extends object>(sql: string, bindings?: readonly Knex.RawBinding[]): Promise<Row[]>;
}

/** AutoServe's database: a pool of connections to the primary. */
export class Database implements Connection {
  readonly #knex: Knex;

  constructor(url: string, settings: PoolSettings = PRIMARY_POOL) {
    this.#knex = openPool(url, settings);
  }

  query<Row extends object>(sql: string, bindings: readonly Knex.RawBinding[] = []): Promise<Row[]> {
    return query<Row>(this.#knex, sql, bindings);
  }

  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#knex.transaction((trx) =>
      work({ query: (sql, bindings = []) => query(trx, sql, bindings) }),
    );
  }

  close(): Promise<void> {
    return this.#knex.destroy();
  }
}

/** A knex pool whose connections are opened when first needed. */
export function openPool(url: string, settings: PoolSettings): Knex {
  const connection: pg.ClientConfig = {
    connectionString: url,
    application_name: settings.applicationName,
    // Plans of a controller's short statements cost less than compiling them.
    options: '-c jit=off',
    statement_timeout: settings.commandTimeoutMs,
    query_timeout: settings.commandTimeoutMs && settings.commandTimeoutMs + REPLY_GRACE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
  return knex({
    client: 'pg',
    connection: connection as Knex.PgConnectionConfig,
    pool: { min: settings.minSize, max: settings.maxSize, idleTimeoutMillis: settings.idleMs },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
  });
}

async function query<Row>(runner: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<Row[]> {
  const { rows } = await runner.raw<{ rows: Row[] }>(sql, bindings);
  return rows;
}

/** Ids and counts stay far below 2⁵³, where numbers are exact. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

const UNAVAILABLE_CODES = new Set(
  (
    'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENOTFOUND EAI_AGAIN ' +
    // query_canceled (by the command timeout), admin_shutdown, crash_shutdown, cannot_connect_now,
    // idle_session_timeout, read_only_sql_transaction (a standby, before it takes over)
    '57014 57P01 57P02 57P03 57P05 25006'
  ).split(' '),
);

/** SQLSTATE classes: connection exception; insufficient resources (disk full, too many connections). */
const UNAVAILABLE_CLASS = /^(08|53)...$/;

/** What the driver and the pool throw without a code. */
const UNAVAILABLE_MESSAGE =
  /^(Connection terminated|Connection ended|timeout expired|timeout exceeded|Query read timeout|Client has encountered a connection error|Client was closed|Knex: Timeout acquiring a connection)/;

/** Whether an error of a query means that the database does not answer now, so that the same query may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    UNAVAILABLE_CODES.has(code) || UNAVAILABLE_CLASS.test(code) || UNAVAILABLE_MESSAGE.test(error.message)
  );
}
