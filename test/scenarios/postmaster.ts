import { existsSync } from 'node:fs';
import { clusterDirectory } from '../../src/store/embedded/cluster.ts';
import { findPostmaster, type Postmaster } from '../../src/store/embedded/postmaster.ts';

/** The embedded PostgreSQL that runs on a data directory. */
export async function postmasterOf(
  dataDir: string,
): Promise<(Postmaster & { directory: string }) | undefined> {
  if (!existsSync(dataDir)) return undefined;
  const directory = clusterDirectory(dataDir);
  const postmaster = await findPostmaster(directory);
  return postmaster && { ...postmaster, directory };
}
