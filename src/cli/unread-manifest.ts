import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../source/content-hash.ts';
import type { ManifestRow } from '../store/read.ts';

/** The file is not to be seen from here, where AutoServe may not run, or is gone. */
const UNSEEN = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/**
 * The path of a manifest's file when AutoServe has not yet read what is in it; undefined when it has, or nobody can tell.
 *
 * @param folder that AutoServe watches; null when that is not known
 */
export async function unreadManifest(
  folder: string | null,
  { path, content_hash: hash }: Pick<ManifestRow, 'path' | 'content_hash'>,
): Promise<string | undefined> {
  // Of a file that it could not read itself there is no hash.
  if (folder === null || hash === '') return undefined;
  const file = join(folder, path);
  try {
    return hashOf(await readFile(file)) === hash ? undefined : file;
  } catch (error) {
    if (error instanceof Error && 'code' in error && UNSEEN.has(String(error.code))) return undefined;
    throw error;
  }
}
