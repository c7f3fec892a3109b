import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { AutoServeError, fileTroubleOf } from '../error.ts';
import type { ParsedFile } from '../source/declarations.ts';
import { listManifests } from '../source/listing.ts';
import { ManifestReader } from '../source/manifest-reader.ts';
import type { SourceFile } from '../source/source.ts';

/**
 * The manifests at `paths`, files or folders, as they are now; diagnostics name them by these paths. Throws
 * `SourceUnreadable`.
 */
export async function readManifests(paths: readonly string[], config: Config): Promise<ParsedFile[]> {
  const found = (await Promise.all(paths.map(filesAt))).flat();
  // Given twice, as a file and by its folder, it still is one file.
  const files = new Map(found.map((file) => [resolve(file.path), file]));
  const reader = new ManifestReader({
    policy: config.policy,
    secretsDir: config.secretsDir,
    // Nothing is compared with the digests that the store keeps.
    digestKey: '',
  });
  const now = new Date();
  return [...files.values()].map((file) => reader.read(file, now));
}

async function filesAt(path: string): Promise<SourceFile[]> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      throw new AutoServeError('SourceUnreadable', `cannot read ${path}: ${fileTroubleOf(error)}`, {
        remedy: 'autoserve validate FILE|DIR…',
        cause: error,
      });
    },
  );
  if (!isFolder) return [{ path, bytes: await readFile(path), modifiedAt: null }];
  const { entries } = await listManifests(path);
  return await Promise.all(
    entries.map(async (entry): Promise<SourceFile> => {
      const shown = join(path, entry.path);
      if (entry.error) return { path: shown, error: entry.error };
      return { path: shown, bytes: await readFile(entry.realPath), modifiedAt: null };
    }),
  );
}
