import type { Knex } from 'knex';
import type pg from 'pg';
import { Pool, PRIMARY_POOL, type PoolSettings } from './pool.ts';

/** Where a query can be sent: the pool, or one transaction. */
export interface Connection {
  /**
   * Runs one statement; `?` in it stands for the next of `bindings`. `bigint` columns come as numbers. Throws what
   * the driver throws: see `isUnavailable`.
   */
  query<Row extends object>(sql: string, bindings?: readonly Knex.RawBinding[]): Promise<Row[]>;
}

/** One PostgreSQL server as AutoServe sees it: a pool of connections. */
export class Database implements Connection {
  readonly #pool: Pool;

  constructor(url: string, settings: PoolSettings = PRIMARY_POOL) {
    this.#pool = new Pool(url, settings);
  }

  /** Opens the connections that are to be open always. Throws what the driver throws. */
  async warm(): Promise<void> {
    await this.#pool.warm();
  }

  query<Row extends object>(sql: string, bindings: readonly Knex.RawBinding[] = []): Promise<Row[]> {
    return query<Row>(this.#pool.knex, sql, bindings);
  }

  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#pool.knex.transaction((trx) =>
      work({ query: (sql, bindings = []) => query(trx, sql, bindings) }),
    );
  }

  /** Lends `work` a connection of the driver itself, for statements that are not ours: in them `?` means nothing. */
  async lend<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const { client } = this.#pool.knex as { client: Knex.Client };
    const connection = (await client.acquireConnection()) as pg.ClientBase;
    try {
      return await work(connection);
    } finally {
      await client.releaseConnection(connection);
    }
  }

  /** Waits for what is in hand, then closes every connection. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Cuts every connection, whether the other end answers or not; what is in hand fails as unavailable. */
  terminate(): Promise<void> {
    return this.#pool.terminate();
  }
}

async function query<Row>(runner: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<Row[]> {
  const { rows } = await runner.raw<{ rows: Row[] }>(sql, bindings);
  return rows;
}

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
