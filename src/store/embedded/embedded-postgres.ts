import pg from 'pg';
import { AutoServeError, messageOf } from '../../error.ts';
import { choosePort, urlOf, writeAddress } from './address.ts';
import { openCluster, type Cluster } from './cluster.ts';
import {
  findPostmaster,
  isPostmaster,
  lastLogLines,
  removeStalePidFile,
  spawnPostmaster,
  stopPostmaster,
  whenReady,
  type Postmaster,
} from './postmaster.ts';

const DATABASE = 'autoserve';
const STARTS = 3;
const WATCH_MS = 500;
const RESTART_MS = 100;
const MAX_RESTART_MS = 5_000;

/**
 * The embedded database: a PostgreSQL server under `<dataDirectory>/postgres`, on loopback with a random password. One
 * that a killed AutoServe left over is taken over; one that dies is started again. The caller holds the lock of the data
 * directory, so that no other AutoServe does the same.
 */
export class EmbeddedPostgres {
  readonly #dataDirectory: string;
  readonly #cluster: Cluster;
  readonly #report: (message: string) => void;
  #pid = 0;
  #url = '';
  #watch: NodeJS.Timeout | undefined;
  #restart: Promise<void> | undefined;
  #stopping = false;

  /**
   * Resolves when the database takes connections and its URL is in `<dataDirectory>/database.json`.
   * @param report told when the server died and when it is back
   * @throws `DataDirectoryUnreachable`, `EmbeddedPostgresMissing`, `EmbeddedPostgresFailed`
   */
  static async start(dataDirectory: string, report: (message: string) => void): Promise<EmbeddedPostgres> {
    const embedded = new EmbeddedPostgres(dataDirectory, await openCluster(dataDirectory), report);
    await embedded.#run();
    embedded.#keepWatch();
    return embedded;
  }

  private constructor(dataDirectory: string, cluster: Cluster, report: (message: string) => void) {
    this.#dataDirectory = dataDirectory;
    this.#cluster = cluster;
    this.#report = report;
  }

  get url(): string {
    return this.#url;
  }

  /** The server's main process. */
  get pid(): number {
    return this.#pid;
  }

  /** Stops the server; what is committed is on disk. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#watch);
    await this.#restart;
    if (this.#pid > 0) await stopPostmaster(this.#pid, this.#cluster.directory);
  }

  /** Finds a server or starts one, and says where it is. */
  async #run(): Promise<void> {
    const { server, started } = await this.#findOrStart();
    try {
      await createDatabase((database) => urlOf(this.#cluster.password, server.port, database));
    } catch (error) {
      if (started) await stopPostmaster(server.pid, this.#cluster.directory);
      throw error;
    }
    this.#pid = server.pid;
    this.#url = urlOf(this.#cluster.password, server.port, DATABASE);
    writeAddress(this.#dataDirectory, { url: this.#url, port: server.port });
  }

  async #findOrStart(): Promise<{ server: Postmaster; started: boolean }> {
    for (let starts = 0; starts < STARTS;) {
      const running = await findPostmaster(this.#cluster.directory);
      if (running) {
        const server = await whenReady(this.#cluster, () =>
          isPostmaster(running.pid, this.#cluster.directory),
        );
        if (server) return { server, started: false };
      } else {
        starts += 1;
        await removeStalePidFile(this.#cluster.directory);
        const child = spawnPostmaster(this.#cluster, await choosePort(this.#dataDirectory));
        const server = await whenReady(this.#cluster, () => !child.exited());
        if (server) return { server, started: server.pid === child.pid };
      }
    }
    throw new AutoServeError(
      'EmbeddedPostgresFailed',
      `PostgreSQL does not start; the end of ${this.#cluster.log}:\n${lastLogLines(this.#cluster.log)}`,
      { remedy: 'mend what the log names, then autoserve up; or give a server with --database-url' },
    );
  }

  #keepWatch(): void {
    this.#watch = setTimeout(() => {
      if (isPostmaster(this.#pid, this.#cluster.directory)) this.#keepWatch();
      else this.#restart = this.#startAgain();
    }, WATCH_MS);
    this.#watch.unref();
  }

  async #startAgain(): Promise<void> {
    this.#report(`PostgreSQL (process ${this.#pid}) died and is started again, see ${this.#cluster.log}`);
    this.#pid = 0;
    for (let wait = RESTART_MS; !this.#stopping; wait = Math.min(2 * wait, MAX_RESTART_MS)) {
      try {
        await this.#run();
        this.#report(`PostgreSQL is back as process ${this.#pid}`);
        this.#keepWatch();
        return;
      } catch (error) {
        this.#report(messageOf(error));
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }
}

/** The database, with the extension that `autoserve db slow` reads. */
async function createDatabase(urlIn: (database: string) => string): Promise<void> {
  await connected(urlIn('postgres'), async (client) => {
    const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rows.length === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  });
  await connected(urlIn(DATABASE), async (client) => {
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  });
}

async function connected(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // A connection that ends early fails the query in hand, which says so.
  client.on('error', () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
