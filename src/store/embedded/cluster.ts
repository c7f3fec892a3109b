import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AutoServeError, messageOf } from '../../error.ts';
import { closedDirectory, serverAccount, type Account } from './account.ts';
import { findBinaries } from './binaries.ts';

/** A PostgreSQL data directory and what it takes to run a server on it. */
export interface Cluster {
  directory: string;
  log: string;
  postgres: string;
  account: Account | undefined;
  password: string;
}

export const DATABASE_USER = 'autoserve';

/** Small, for one host: what the server may take of memory, connections and write-ahead log. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '50',
  shared_buffers: '64MB',
  huge_pages: 'off',
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers_per_gather: '0',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  jit: 'off',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.max': '1000',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

const INITDB_OPTIONS =
  '--auth=scram-sha-256 --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions';

const PASSWORD_FILE = 'autoserve.password';
const LOG_LIMIT_BYTES = 1024 * 1024;

/**
 * The cluster under `<dataDirectory>/postgres`, made first if it is not there. Throws `DataDirectoryUnreachable`,
 * `EmbeddedPostgresMissing`, `EmbeddedPostgresFailed`.
 */
export async function openCluster(dataDirectory: string): Promise<Cluster> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const directory = clusterDirectory(dataDirectory);
  const account = serverAccount(directory);
  if (account) await admit(dataDirectory, account);
  const { initdb, postgres } = await findBinaries(dataDirectory, account);
  if (!existsSync(directory)) await createCluster(directory, initdb, account);
  const log = join(dataDirectory, 'postgres.log');
  await limit(log);
  const password = await readFile(join(directory, PASSWORD_FILE), 'utf8');
  return { directory, log, postgres, account, password };
}

/** Where the cluster of a data directory lies: its real path, for that is how a server is known again. */
export function clusterDirectory(dataDirectory: string): string {
  return join(realpathSync(dataDirectory), 'postgres');
}

/** The files are made aside and moved in place when complete, so that neither a kill nor a rival leaves half of them. */
async function createCluster(directory: string, initdb: string, account: Account | undefined): Promise<void> {
  const unfinished = `${directory}.${randomBytes(4).toString('hex')}`;
  const passwordFile = `${unfinished}.password`;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    if (account) for (const path of [unfinished, passwordFile]) await chown(path, account.uid, account.gid);
    const settings = Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`);
    const options = `--username=${DATABASE_USER} ${INITDB_OPTIONS}`.split(' ');
    const paths = [`--pgdata=${unfinished}`, `--pwfile=${passwordFile}`];
    await promisify(execFile)(initdb, [...paths, ...options, ...settings], environmentOf(account));
    await rename(passwordFile, join(unfinished, PASSWORD_FILE));
    await rename(unfinished, directory);
  } catch (cause) {
    // A rival was quicker: its cluster is as good as ours.
    if (existsSync(join(directory, PASSWORD_FILE))) return;
    throw new AutoServeError(
      'EmbeddedPostgresFailed',
      `cannot create the database files ${directory}: ${messageOf(cause)}`,
      { remedy: 'see that the disk has space and can be written, then autoserve up', cause },
    );
  } finally {
    for (const path of [unfinished, passwordFile]) await rm(path, { recursive: true, force: true });
  }
}

/** How PostgreSQL's programs are run: as the account, in a directory that it can enter, with messages in English. */
export function environmentOf(account: Account | undefined): {
  cwd: string;
  env: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
} {
  const environment = { cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
  return account ? { ...environment, uid: account.uid, gid: account.gid } : environment;
}

/** Opens our own directory for passing through; those above it are the user's. */
async function admit(dataDirectory: string, account: Account): Promise<void> {
  await chmod(dataDirectory, ((await stat(dataDirectory)).mode & 0o7777) | 0o011);
  const closed = closedDirectory(dataDirectory, account);
  if (closed !== undefined)
    throw new AutoServeError(
      'DataDirectoryUnreachable',
      `PostgreSQL does not run as root, and the user ${account.name} cannot enter ${closed}`,
      { remedy: `use another --data-dir, such as /var/lib/autoserve, or chmod o+x ${closed}` },
    );
}

/** The log is kept from one start to the next, but not for ever. */
async function limit(log: string): Promise<void> {
  if (existsSync(log) && (await stat(log)).size > LOG_LIMIT_BYTES) await rename(log, `${log}.old`);
}
