import { hostname } from 'node:os';
import pg from 'pg';
import { AutoServeError } from '../error.ts';
import type { Connection } from './database.ts';

/** Names this lock among all advisory locks of a database; the letters "inst". */
export const LOCK_CLASS = 0x696e7374;
const RETRY_MS = 200;
/** How long a holder that was killed may stay connected, as the server sees it. */
const KILLED_HOLDER_MS = 3_000;
/** After a lost connection: longer than the server needs, by its keepalives, to give up our own old one. */
const LOST_CONNECTION_MS = 40_000;
const MAX_APPLICATION_NAME = 63;

/**
 * The right to act for an installation: a lock on a connection of its own, so that two controllers never fight over
 * the same containers. A lost connection is made again; if another controller took the lock meanwhile, that is reported.
 */
export class InstallationLock {
  readonly #url: string;
  readonly #installation: string;
  readonly #onLost: (error: AutoServeError) => void;
  readonly #patienceMs: number;
  #client: pg.Client | undefined;
  #retaking: Promise<void> | undefined;
  #released = false;

  /**
   * @param onLost called when another controller holds the lock after the connection was lost: this one must stop
   * @param patienceMs how long a lost lock may be held by someone before that is another controller
   * @throws `InstallationBusy` when another controller holds it
   */
  static async take(
    url: string,
    installation: string,
    onLost: (error: AutoServeError) => void,
    patienceMs = LOST_CONNECTION_MS,
  ): Promise<InstallationLock> {
    const lock = new InstallationLock(url, installation, onLost, patienceMs);
    await lock.#take(KILLED_HOLDER_MS);
    return lock;
  }

  private constructor(
    url: string,
    installation: string,
    onLost: (error: AutoServeError) => void,
    patienceMs: number,
  ) {
    this.#url = url;
    this.#patienceMs = patienceMs;
    this.#installation = installation;
    this.#onLost = onLost;
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#retaking;
    await this.#client?.end();
  }

  async #take(patienceMs: number): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: `autoserve_lock ${process.pid}@${hostname()}`.slice(0, MAX_APPLICATION_NAME),
      options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    // What ends a connection that holds the lock shows in its end.
    client.on('error', () => {});
    await client.connect();
    const deadline = Date.now() + patienceMs;
    try {
      while (!(await this.#try(client))) {
        if (Date.now() > deadline || this.#released) throw await this.#busy(client);
        await pause();
      }
    } catch (error) {
      await client.end();
      throw error;
    }
    this.#client = client;
    client.once('end', () => {
      if (!this.#released) this.#retaking = this.#retake();
    });
  }

  async #retake(): Promise<void> {
    while (!this.#released) {
      try {
        await this.#take(this.#patienceMs);
        return;
      } catch (error) {
        // Why the database does not answer is said by whoever reads and writes; here it only means to try again.
        if (!(error instanceof AutoServeError)) await pause();
        else if (!this.#released) return this.#onLost(error);
      }
    }
  }

  async #try(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock($1, hashtext($2)) AS held',
      [LOCK_CLASS, this.#installation],
    );
    return rows[0]?.held === true;
  }

  async #busy(client: pg.Client): Promise<AutoServeError> {
    const { rows } = await client.query<{ holder: string }>(
      `SELECT application_name AS holder FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND granted AND classid = $1 AND objid::bigint = hashtext($2)::bigint & 4294967295`,
      [LOCK_CLASS, this.#installation],
    );
    const holder = rows[0]?.holder.replace('autoserve_lock ', 'process ') ?? 'another process';
    return new AutoServeError(
      'InstallationBusy',
      `${holder} runs AutoServe for installation ${this.#installation} on this database`,
      { remedy: 'stop it first, or give this one a database of its own with --database-url' },
    );
  }
}

/** Whether a controller acts on what this database says; on a replica, which shows no locks, that is taken for granted. */
export async function isAnyoneActing(reader: Connection): Promise<boolean> {
  const [row] = await reader.query<{ acting: boolean }>(
    `SELECT pg_is_in_recovery() OR EXISTS (
       SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = ?
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS acting`,
    [LOCK_CLASS],
  );
  return row?.acting === true;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}
