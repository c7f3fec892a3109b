import { basename, join } from 'node:path';
import { watch as watchPaths, type FSWatcher } from 'chokidar';
import type { Clock } from '../clock.ts';
import { AutoServeError, messageOf } from '../error.ts';
import type { Folder } from './folder.ts';
import { isManifestName, type Listing } from './listing.ts';
import { GONE_QUIET_MS, RENAMED_QUIET_MS } from './settle.ts';
import type { SourceWatch } from './source.ts';

/** How often a folder that cannot be read is tried again. */
const POLL_MS = 500;

/**
 * Looks at a folder again whenever the file system says that something happened in it. Only the fact counts, not
 * the event: chokidar's `raw` events come without the delay and the throttling of its others. Besides the
 * folders, those that hold a link on the way to them are watched, for a swapped link is seen nowhere else.
 */
export class DirectoryWatch implements SourceWatch {
  readonly #folder: Folder;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onError: (error: AutoServeError) => void;
  #watcher: FSWatcher | undefined;
  /** What `#watcher` watches: real paths with the identity of the folder there. */
  #watched = '';
  #listing: Listing | undefined;
  #next: { at: number; cancel: () => void } | undefined;
  #looking = false;
  #failure: string | undefined;
  #closed = false;

  constructor(folder: Folder, clock: Clock, onChange: () => void, onError: (error: AutoServeError) => void) {
    this.#folder = folder;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#onError = onError;
    this.#lookIn(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#next?.cancel();
    await this.#watcher?.close();
  }

  /** Of several looks asked for, the earliest counts. */
  #lookIn(ms: number): void {
    if (this.#closed) return;
    const at = this.#clock.now().getTime() + ms;
    if (this.#next && this.#next.at <= at) return;
    this.#next?.cancel();
    this.#next = { at, cancel: this.#clock.schedule(ms, () => void this.#look()) };
  }

  async #look(): Promise<void> {
    this.#next = undefined;
    if (this.#looking) return this.#lookIn(RENAMED_QUIET_MS);
    this.#looking = true;
    try {
      const { listing, settlement } = await this.#folder.look();
      if (this.#closed) return;
      this.#follow(listing);
      if (settlement.waitMs > 0) return this.#lookIn(settlement.waitMs);
      if (settlement.unsettled.length > 0) this.#lookIn(GONE_QUIET_MS);
      const recovered = this.#failure !== undefined;
      this.#failure = undefined;
      if (recovered || settlement.settled.length > 0 || !this.#folder.handedOut) this.#onChange();
    } catch (error) {
      if (this.#closed) return;
      this.#fail(error as AutoServeError);
      this.#lookIn(POLL_MS);
    } finally {
      this.#looking = false;
    }
  }

  #fail(error: AutoServeError): void {
    if (error.message === this.#failure) return;
    this.#failure = error.message;
    this.#onError(error);
  }

  /** Watches the folders of this listing; what happened until the watch holds is found by looking once more. */
  #follow(listing: Listing): void {
    this.#listing = listing;
    const paths = [...new Set([...listing.folders.keys(), ...listing.links.keys()])].toSorted();
    const watched = paths.map((path) => `${path}\0${listing.folders.get(path) ?? ''}`).join('\n');
    if (watched === this.#watched) return;
    this.#watched = watched;
    // Closed first: chokidar shares one inotify watch among all watchers of a path, be the folder there another by now.
    void this.#watcher?.close();
    const wanted = new Set(paths);
    this.#watcher = watchPaths(paths, {
      depth: 0,
      ignored: (path) => !wanted.has(path),
      ignoreInitial: true,
      atomic: false,
      awaitWriteFinish: false,
      usePolling: false,
    })
      .on('raw', (event, name, details) => this.#hear(event, name, details))
      .on('ready', () => this.#lookIn(0))
      .on('error', (error) => this.#onError(unwatchable(error)));
  }

  #hear(event: string, name: string | null, details: unknown): void {
    const { watchedPath } = details as { watchedPath: string };
    if (name !== null) {
      const path = join(watchedPath, name);
      if (isManifestName(name)) this.#folder.hint(path, event === 'rename' ? 'rename' : 'change');
      // The watched folder itself was moved or removed, and its inotify watch with it.
      if (event === 'rename' && name === basename(watchedPath)) this.#watched = '';
      const concerned =
        this.#listing?.folders.has(watchedPath) || this.#listing?.links.get(watchedPath)?.has(name);
      if (!concerned && this.#watched !== '') return;
    }
    this.#lookIn(RENAMED_QUIET_MS);
  }
}

function unwatchable(error: unknown): AutoServeError {
  return new AutoServeError('WatchFailed', `cannot watch the manifest folder: ${messageOf(error)}`, {
    remedy:
      'changes are found at the next resync only; raise fs.inotify.max_user_watches and max_user_instances',
    cause: error,
  });
}
