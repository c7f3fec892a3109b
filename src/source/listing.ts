import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { AutoServeError, messageOf } from '../error.ts';

/** A manifest in a folder, as its metadata shows it, or a folder or link in it that leads nowhere. */
export interface Entry {
  /** Relative to the folder, with `/`. */
  path: string;
  realPath: string;
  /** Changes whenever the file may have: device, inode, size, modification and change time. */
  key: string;
  size: number;
  /** Modification time in milliseconds since 1970; null with `error`. */
  modifiedMs: number | null;
  error: AutoServeError | null;
}

export interface Listing {
  entries: Entry[];
  /** Real path of every folder read, with its device and inode. */
  folders: Map<string, string>;
  /** Folders that hold a symbolic link which was followed, with the names of these links. */
  links: Map<string, Set<string>>;
}

const MANIFEST_NAME = /^[^.#~].*\.(ya?ml|json)$/i;
const MOST_LINKS = 40;
const MOST_ATTEMPTS = 5;

/** Whether a file of this name is a manifest: YAML or JSON, neither hidden nor an editor's copy. */
export const isManifestName = (name: string): boolean => MANIFEST_NAME.test(name);

/**
 * Lists the manifests under `root`, links followed, hidden names left out, each real folder read once. The listing is
 * of one tree: when a link is swapped or something vanishes meanwhile, it starts again.
 * Throws `SourceUnreadable`.
 */
export async function listManifests(root: string): Promise<Listing> {
  for (let attempt = 1; ; attempt++) {
    try {
      const listing: Listing = { entries: [], folders: new Map(), links: new Map() };
      const before = await identityOf(root, listing.links);
      await readFolder(before.realPath, '', listing);
      const after = await identityOf(root, new Map());
      if (before.key !== after.key || before.realPath !== after.realPath) throw new TornListing(root);
      return { ...listing, entries: listing.entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
    } catch (error) {
      const torn = error instanceof TornListing || codeOf(error) === 'ENOENT';
      if (!torn || attempt === MOST_ATTEMPTS) throw unreadable(root, error);
    }
  }
}

function unreadable(root: string, error: unknown): AutoServeError {
  return new AutoServeError(
    'SourceUnreadable',
    `cannot read the manifest folder ${root}: ${messageOf(error)}`,
    {
      remedy:
        'nothing is changed until it can be read; create the folder, mount it again or correct --manifests',
      cause: error,
    },
  );
}

/** Something listed was gone a moment later. */
class TornListing extends Error {
  constructor(path: string) {
    super(`${path} keeps changing while it is read`);
  }
}

async function readFolder(folder: string, prefix: string, listing: Listing): Promise<void> {
  const { dev, ino } = await stat(folder, { bigint: true });
  listing.folders.set(folder, `${dev}:${ino}`);
  const names = await readdir(folder, { withFileTypes: true });
  const folders: { path: string; realPath: string }[] = [];
  await Promise.all(
    names.map(async (name) => {
      if (name.name.startsWith('.')) return;
      const path = prefix + name.name;
      const found = await examine(folder, name, path, listing);
      if (found === 'folder') folders.push({ path, realPath: await realPathOf(folder, name, listing) });
      else if (found) listing.entries.push(found);
    }),
  );
  for (const { path, realPath } of folders.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (listing.folders.has(realPath)) continue;
    try {
      await readFolder(realPath, `${path}/`, listing);
    } catch (error) {
      if (error instanceof TornListing) throw error;
      if (codeOf(error) === 'ENOENT') throw new TornListing(realPath);
      listing.entries.push(failedEntry(path, realPath, error));
    }
  }
}

async function examine(
  folder: string,
  name: Dirent,
  path: string,
  listing: Listing,
): Promise<Entry | 'folder' | undefined> {
  const concerns = name.isDirectory() || name.isSymbolicLink() || isManifestName(name.name);
  // Node decodes names as UTF-8, with U+FFFD for what is not: by such a name nothing can be opened.
  if (concerns && name.name.includes('\uFFFD')) {
    return failedEntry(path, join(folder, name.name), new Error('its name is not valid UTF-8'));
  }
  if (name.isDirectory()) return 'folder';
  if (!concerns) return undefined;
  try {
    const realPath = await realPathOf(folder, name, listing);
    const found = await stat(realPath, { bigint: true });
    if (found.isDirectory()) return 'folder';
    if (!isManifestName(name.name)) return undefined;
    if (!found.isFile()) return failedEntry(path, realPath, new Error('it is not a regular file'));
    return {
      path,
      realPath,
      key: keyOf(found),
      size: Number(found.size),
      modifiedMs: Number(found.mtimeMs),
      error: null,
    };
  } catch (error) {
    // A link that leads nowhere may have led to a folder of manifests: it is reported, whatever its name.
    if (name.isSymbolicLink()) return failedEntry(path, join(folder, name.name), error);
    if (codeOf(error) === 'ENOENT') throw new TornListing(path);
    return failedEntry(path, join(folder, name.name), error);
  }
}

export function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

export function unreadableFile(path: string, cause: unknown): AutoServeError {
  return new AutoServeError('FileUnreadable', `cannot read ${path}: ${messageOf(cause)}`, {
    remedy: 'what it declared stays as it was; make it readable or remove it',
    cause,
  });
}

function failedEntry(path: string, realPath: string, error: unknown): Entry {
  const failure = unreadableFile(path, error);
  return { path, realPath, key: `error:${failure.message}`, size: 0, modifiedMs: null, error: failure };
}

function realPathOf(folder: string, name: Dirent, listing: Listing): Promise<string> | string {
  const path = join(folder, name.name);
  return name.isSymbolicLink() ? followLinks(path, listing.links) : path;
}

async function identityOf(root: string, links: Listing['links']): Promise<{ realPath: string; key: string }> {
  const realPath = await followLinks(resolve(root), links);
  const { dev, ino } = await stat(realPath, { bigint: true });
  return { realPath, key: `${dev}:${ino}` };
}

/** `realpath` that notes in `links` every link on the way, so that each can be watched for being swapped. */
async function followLinks(path: string, links: Listing['links']): Promise<string> {
  const ahead = path.split('/').filter(Boolean);
  let real = '/';
  for (let followed = 0; ;) {
    const name = ahead.shift();
    if (name === undefined) return real;
    if (name === '.') continue;
    const here = name === '..' ? dirname(real) : join(real, name);
    if (name !== '..' && (await lstat(here)).isSymbolicLink()) {
      if (++followed > MOST_LINKS) throw new Error(`${path} goes through more than ${MOST_LINKS} links`);
      links.set(real, (links.get(real) ?? new Set()).add(name));
      const target = await readlink(here);
      if (isAbsolute(target)) real = '/';
      ahead.unshift(...target.split('/').filter(Boolean));
    } else {
      real = here;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
