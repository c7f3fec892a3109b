import type { Logger } from 'pino';
import type { AutoServeError } from '../error.ts';
import { logEvents } from '../event-log.ts';
import { lockDataDir } from '../lock.ts';
import { Database } from './database.ts';
import { EmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { InstallationLock } from './installation-lock.ts';
import { findInstallation, readInstallation, type Installation } from './installation.ts';
import { migrate } from './migrate.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import type { Store } from './store.ts';

/** An open database, up to date, with its installation locked for this process. */
export interface Storage {
  url: string;
  database: Database;
  installation: Installation;
  store: Store;
  close(): Promise<void>;
}

export interface StorageOptions {
  dataDir: string;
  /** Null for the embedded PostgreSQL under the data directory. */
  databaseUrl: string | null;
  /** Null for the one kept in the database. */
  installation: string | null;
  logger: Logger;
  /** Called when another controller has taken the installation. */
  onLost(error: AutoServeError): void;
}

/**
 * Opens the database, starting the embedded one if none is given. Throws `DataDirBusy`, `InstallationBusy`, and what the embedded
 * server, the migrations and the driver throw; nothing is left open then.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { dataDir, databaseUrl, logger } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    let url = databaseUrl;
    if (url === null) {
      const lock = await lockDataDir(dataDir);
      closers.push(() => lock.release());
      const embedded = await EmbeddedPostgres.start(dataDir, (message) => logger.warn(message));
      closers.push(() => embedded.stop());
      url = embedded.url;
    }
    const migrations = await migrate(url);
    if (migrations.length > 0) logger.info({ migrations }, 'brought the database to the present schema');
    const database = new Database(url);
    closers.push(() => database.close());
    await database.warm();
    const before = await findInstallation(database);
    const installation = await readInstallation(database, options.installation);
    if (before && before.id !== installation.id)
      logger.warn(
        `this database was of installation ${before.id}: what that one made on Docker is left as it is, and nobody looks after it`,
      );
    const lock = await InstallationLock.take(url, installation.id, (error) => options.onLost(error));
    closers.push(() => lock.release());
    const store = new PostgresStore(database, (events) => logEvents(logger, events));
    return { url, database, installation, store, close };
  } catch (error) {
    await close();
    throw error;
  }
}
