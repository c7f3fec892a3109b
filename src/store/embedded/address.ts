import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { AutoServeError } from '../../error.ts';
import { clusterDirectory, DATABASE_USER } from './cluster.ts';
import { findPostmaster } from './postmaster.ts';

interface Address {
  url: string;
  port: number;
}

/** Below the range from which outgoing connections get their ports, so that none takes it while the server restarts. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/**
 * The URL of the embedded database that runs on a data directory, for commands beside `autoserve up`. Throws
 * `DatabaseNotRunning`.
 */
export async function embeddedUrl(dataDirectory: string): Promise<string> {
  const address = readAddress(dataDirectory);
  if (!address || !(await findPostmaster(clusterDirectory(dataDirectory))))
    throw new AutoServeError(
      'DatabaseNotRunning',
      `no AutoServe runs on the data directory ${dataDirectory}`,
      {
        remedy: 'autoserve up, or name the right one with --data-dir or --database-url',
      },
    );
  return address.url;
}

export function urlOf(password: string, port: number, database: string): string {
  return `postgresql://${DATABASE_USER}:${password}@127.0.0.1:${port}/${database}`;
}

export function writeAddress(dataDirectory: string, address: Address): void {
  const path = join(dataDirectory, 'database.json');
  writeFileSync(`${path}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The port of the last run, so that a URL stays true, or else a free one. */
export async function choosePort(dataDirectory: string): Promise<number> {
  let port = readAddress(dataDirectory)?.port ?? randomPort();
  while (!(await isFree(port))) port = randomPort();
  return port;
}

function readAddress(dataDirectory: string): Address | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDirectory, 'database.json'), 'utf8')) as Address;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function randomPort(): number {
  return FIRST_PORT + Math.floor(Math.random() * PORTS);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
