import { Socket } from 'node:net';
import knex, { type Knex } from 'knex';
import pg from 'pg';

export interface PoolSettings {
  /** Connections that stay open though nobody uses them. */
  minSize: number;
  maxSize: number;
  /** After which a statement is called off by the server; 0 for never. */
  commandTimeoutMs: number;
  /** After which a connection beyond `minSize` that nobody used is closed. */
  idleMs: number;
  /** After which a connection is closed and another takes its place, for a server process grows with what it has seen. */
  maxQueries: number;
  applicationName: string;
  isolation?: 'repeatable read';
}

/** The pool that the controllers read and write. */
export const PRIMARY_POOL: PoolSettings = {
  minSize: 5,
  maxSize: 20,
  commandTimeoutMs: 30_000,
  idleMs: 300_000,
  maxQueries: 50_000,
  applicationName: 'autoserve_controller',
};

/** The pool that readers use while the replica keeps up. */
export const REPLICA_POOL: PoolSettings = {
  minSize: 3,
  maxSize: 10,
  commandTimeoutMs: 60_000,
  idleMs: 600_000,
  maxQueries: 100_000,
  applicationName: 'autoserve_controller_read',
  isolation: 'repeatable read',
};

const CONNECT_TIMEOUT_MS = 5_000;
const ACQUIRE_TIMEOUT_MS = 15_000;
/** How much longer than the server's own timeout a reply is awaited, before the connection counts as dead. */
const REPLY_GRACE_MS = 5_000;

/** Ids and counts stay far below 2⁵³, where numbers are exact. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** What knex marks its connections and queries with. */
interface Marked {
  __knexUid: string;
}

/** A knex pool whose connections are opened when first needed, or by `warm`. */
export class Pool {
  readonly knex: Knex;
  readonly #minSize: number;
  readonly #sockets = new Set<Socket>();
  /** Queries of each open connection. */
  readonly #queries = new Map<string, number>();

  constructor(url: string, settings: PoolSettings) {
    const { minSize, maxSize, idleMs, maxQueries } = settings;
    this.#minSize = minSize;
    this.knex = knex({
      client: 'pg',
      connection: this.#connection(url, settings) as Knex.PgConnectionConfig,
      pool: {
        min: minSize,
        max: maxSize,
        idleTimeoutMillis: idleMs,
        afterCreate: (connection: pg.Client & Marked, done: (error: null) => void) => {
          const { __knexUid: uid } = connection;
          connection.once('end', () => this.#queries.delete(uid));
          done(null);
        },
        validate: ({ __knexUid }: Marked) => (this.#queries.get(__knexUid) ?? 0) < maxQueries,
      },
      acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
      compileSqlOnError: false,
      // What knex would print is thrown to the caller as well.
      log: { debug() {}, deprecate() {}, warn() {}, error() {} },
    });
    this.knex.on('query', ({ __knexUid }: Marked) =>
      this.#queries.set(__knexUid, (this.#queries.get(__knexUid) ?? 0) + 1),
    );
    // knex puts the statement before what the server said, which is what users and `isUnavailable` read.
    this.knex.on('query-error', (error: Error, { sql }: { sql: string }) => {
      const prefix = `${sql} - `;
      if (error.message.startsWith(prefix)) error.message = error.message.slice(prefix.length);
    });
  }

  /**
   * Opens the connections that are to be open always. Throws what the driver throws.
   * Each is held until all are there, for a query that has its answer soon would lend its own to the next.
   */
  async warm(): Promise<void> {
    const { client } = this.knex as { client: Knex.Client };
    const opened = await Promise.allSettled(
      Array.from({ length: this.#minSize }, async () => (await client.acquireConnection()) as unknown),
    );
    for (const outcome of opened)
      if (outcome.status === 'fulfilled') await client.releaseConnection(outcome.value);
    for (const outcome of opened) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Waits for what is in hand, then closes every connection. */
  async close(): Promise<void> {
    await this.knex.destroy();
  }

  /** Cuts every connection, whether the other end answers or not; what is in hand fails as unavailable. */
  async terminate(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.close();
  }

  #connection(url: string, { applicationName, commandTimeoutMs, isolation }: PoolSettings): pg.ClientConfig {
    const isolated = isolation ? ` -c default_transaction_isolation=${isolation.replace(' ', '\\ ')}` : '';
    return {
      connectionString: url,
      application_name: applicationName,
      // Plans of a controller's short statements cost less than compiling them.
      options: `-c jit=off${isolated}`,
      statement_timeout: commandTimeoutMs,
      query_timeout: commandTimeoutMs && commandTimeoutMs + REPLY_GRACE_MS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      types,
      stream: () => {
        const socket = new Socket();
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        return socket;
      },
    };
  }
}
