import type { Config } from '../config.ts';
import { AutoServeError, messageOf } from '../error.ts';
import { Database, isUnavailable, type Connection } from '../store/database.ts';
import { isAnyoneActing } from '../store/installation-lock.ts';
import { isStoreUnavailable } from '../store/store.ts';
import { withoutPassword } from '../store/database-url.ts';
import { REPLICA_POOL } from '../store/pool.ts';
import { embeddedUrl } from '../store/embedded/address.ts';

const pool = {
  minSize: 0,
  maxSize: 2,
  commandTimeoutMs: 30_000,
  idleMs: 10_000,
  maxQueries: 50_000,
  applicationName: 'autoserve_cli',
};

/** Where the database is: the given one, or the embedded one that runs. Throws `DatabaseNotRunning`. */
export async function databaseUrlOf({ databaseUrl, dataDir }: Config): Promise<string> {
  return databaseUrl ?? (await embeddedUrl(dataDir));
}

/**
 * Gives `work` the configured database's URL. What the database says is turned into errors with a remedy:
 * `DatabaseNotRunning`, `DatabaseUnavailable`, `DatabaseRefused`, `SchemaMissing`.
 */
export async function explaining<T>(config: Config, work: (url: string) => Promise<T>): Promise<T> {
  const url = await databaseUrlOf(config);
  try {
    return await work(url);
  } catch (error) {
    throw explained(error, url);
  }
}

/**
 * Gives `work` the database, and says on stderr when no AutoServe runs: nobody acts on what is asked of it then, and what is
 * shown may have changed since. Throws as `explaining`.
 */
export async function withInstallation<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  return await withDatabase(config, async (database) => {
    const done = await work(database);
    if (!(await isAnyoneActing(database)))
      console.error('note: no AutoServe runs; things are as it left them   autoserve up');
    return done;
  });
}

/**
 * As `withInstallation`, with a connection to read from. Where a replica is configured and keeps up it is that one, which may
 * be a little behind, and does not show whether AutoServe runs.
 */
export async function withReader<T>(config: Config, work: (reader: Connection) => Promise<T>): Promise<T> {
  const { replica: replicaConfig } = config;
  if (!replicaConfig?.prefer) return await withInstallation(config, work);
  const [{ Replica }, { Reader }, { replicaEvent }] = await Promise.all([
    import('../store/replica/replica.ts'),
    import('../store/replica/reader.ts'),
    import('../store/replica/event.ts'),
  ]);
  return await withDatabase(config, async (primary) => {
    const replica = new Replica({
      ...replicaConfig,
      primary,
      pool: { ...REPLICA_POOL, minSize: 0, maxSize: pool.maxSize },
      onChange: (finding) => console.error(`warning: ${replicaEvent(finding, new Date()).message}`),
    });
    try {
      await replica.look();
      return await work(new Reader(primary, replica));
    } finally {
      await replica.close();
    }
  });
}

/** Gives `work` the configured database, and closes it. Throws as `explaining`. */
export async function withDatabase<T>(
  config: Config,
  work: (database: Database, url: string) => Promise<T>,
): Promise<T> {
  return await explaining(config, async (url) => {
    const database = new Database(url, pool);
    try {
      return await work(database, url);
    } finally {
      await database.close();
    }
  });
}

function explained(thrown: unknown, url: string): unknown {
  // What the controller says of its own patience is not what a command does.
  const error = isStoreUnavailable(thrown) ? thrown.cause : thrown;
  const place = withoutPassword(url);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '42P01' || code === '42703')
    return new AutoServeError('SchemaMissing', `the database ${place} has not AutoServe's present schema`, {
      remedy: 'autoserve up makes it, or autoserve db migrate',
      cause: error,
    });
  if (isUnavailable(error))
    return new AutoServeError(
      'DatabaseUnavailable',
      `the database ${place} does not answer: ${messageOf(error)}`,
      {
        remedy: 'see that PostgreSQL runs and accepts connections, or name another with --database-url',
        cause: error,
      },
    );
  // SQLSTATE classes: invalid authorization, no such database.
  if (/^(28|3D)...$/.test(code))
    return new AutoServeError('DatabaseRefused', `the database ${place} refuses: ${messageOf(error)}`, {
      remedy: 'correct --database-url or AUTOSERVE_DATABASE_URL',
      cause: error,
    });
  return error;
}
