import { execFileSync } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whom the server runs as. */
export interface Account {
  uid: number;
  gid: number;
  name: string;
}

/**
 * PostgreSQL refuses to run as root. Root runs it as the owner of the database files, for new ones as `postgres` where
 * that user exists, otherwise as `nobody`, which always does. Anyone else runs it as themselves: undefined.
 */
export function serverAccount(clusterDirectory: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(clusterDirectory, { throwIfNoEntry: false });
  if (owner) return { uid: owner.uid, gid: owner.gid, name: `uid ${owner.uid}` };
  return lookUp('postgres') ?? lookUp('nobody') ?? { uid: 65_534, gid: 65_534, name: 'nobody' };
}

/** The first directory on the way to `path` that the account may not enter; undefined when it can reach `path`. */
export function closedDirectory(path: string, account: Account): string | undefined {
  const directory = realpathSync(path);
  const { uid, gid, mode } = statSync(directory);
  const open = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
  const parent = dirname(directory);
  return (
    (parent === directory ? undefined : closedDirectory(parent, account)) ?? (open ? undefined : directory)
  );
}

function lookUp(name: string): Account | undefined {
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g'), name };
  } catch {
    // `id` exits with 1 for a user that does not exist.
    return undefined;
  }
}
