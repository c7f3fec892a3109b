import { open } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { AutoServeError } from '../error.ts';
import { keyOf, listManifests, unreadableFile, type Entry, type Listing } from './listing.ts';
import { observeChanges, settle, type Change, type Hint, type Settlement } from './settle.ts';
import type { SourceFile } from './source.ts';

/** One byte more than the parser accepts, so that it sees that a file is too long. */
const READ_BYTES = 1024 * 1024 + 1;

/** A folder of manifests: what was handed out of it, what has changed since, and whether that has settled. */
export class Folder {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #hints = new Map<string, Hint>();
  readonly #known = new Map<string, { entry: Entry; file: SourceFile }>();
  #changes = new Map<string, Change>();
  #handedOut = false;

  constructor(root: string, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
  }

  get handedOut(): boolean {
    return this.#handedOut;
  }

  /** Lists the folder and compares it with what was handed out. Throws `SourceUnreadable`. */
  async look(): Promise<{ listing: Listing; settlement: Settlement }> {
    const listing = await listManifests(this.#root);
    const now = this.#now();
    const known = new Map(Array.from(this.#known, ([path, { entry }]) => [path, entry]));
    this.#changes = observeChanges(this.#changes, known, listing.entries, now);
    if (this.#changes.size === 0) this.#hints.clear();
    return { listing, settlement: settle(this.#changes.values(), this.#hints, now) };
  }

  /** Takes note of what the file system said of one file. */
  hint(realPath: string, event: 'rename' | 'change'): void {
    const now = this.#now();
    const renamedAt = this.#hints.get(realPath)?.renamedAt ?? null;
    this.#hints.set(
      realPath,
      event === 'rename' ? { renamedAt: now, writtenAt: null } : { renamedAt, writtenAt: now },
    );
  }

  /**
   * Every file, the settled changes taken over. A file that is still being written is as it was, and one that was
   * never seen whole is an error. False when a file changed while it was read: look again.
   */
  async take({ settled, unsettled }: Settlement): Promise<SourceFile[] | false> {
    const read = await Promise.all(settled.flatMap(({ entry }) => (entry ? [readManifest(entry)] : [])));
    if (read.includes(null)) return false;
    for (const { path, entry } of settled) if (!entry) this.#known.delete(path);
    for (const taken of read) if (taken) this.#known.set(taken.entry.path, taken);
    const unseen = unsettled.filter(({ path }) => !this.#known.has(path));
    this.#handedOut = true;
    return [...Array.from(this.#known.values(), ({ file }) => file), ...unseen.map(stillWritten)].toSorted(
      (a, b) => (a.path < b.path ? -1 : 1),
    );
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

function stillWritten({ path }: Change): SourceFile {
  const error = new AutoServeError('FileUnsettled', `${path} is still being written`, {
    remedy:
      'it is read when it has not changed for a moment; write beside it and rename to replace it at once',
  });
  return { path, error };
}

/** Null when the file is no longer what `entry` says. */
async function readManifest(entry: Entry): Promise<{ entry: Entry; file: SourceFile } | null> {
  const { path, error } = entry;
  if (error) return { entry, file: { path, error } };
  try {
    const { bytes, key } = await readStart(entry.realPath);
    if (key !== entry.key) return null;
    const modifiedAt = entry.modifiedMs === null ? null : new Date(entry.modifiedMs);
    return { entry, file: { path, bytes, modifiedAt } };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    return { entry, file: { path, error: unreadableFile(path, thrown) } };
  }
}

/** The first `READ_BYTES` of a file, and what its metadata was after they were read. */
async function readStart(path: string): Promise<{ bytes: Uint8Array; key: string }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size + 1, READ_BYTES));
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: buffer.subarray(0, length), key: keyOf(await file.stat({ bigint: true })) };
  } finally {
    await file.close();
  }
}
