import type { Logger } from 'pino';
import type { AutoServeError } from '../error.ts';
import { lockDataDir } from '../lock.ts';
import { Database } from './database.ts';
import { EmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { InstallationLock } from './installation-lock.ts';
import { readInstallation, type Installation } from './installation.ts';
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
    const installation = await readInstallation(database, options.installation);
    const lock = await InstallationLock.take(url, installation.id, (error) => options.onLost(error));
    closers.push(() => lock.release());
    return { url, database, installation, store: new PostgresStore(database), close };
  } catch (error) {
    await close();
    throw error;
  }
}
