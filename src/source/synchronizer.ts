import type { Clock } from '../clock.ts';
import { AutoServeError } from '../error.ts';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import type { ApplicationRecord, NewEvent, Store, SyncChanges } from '../store/store.ts';
import type { ParsedFile } from './declarations.ts';
import type { ManifestReader } from './manifest-reader.ts';
import type { Snapshot, Source } from './source.ts';
import { sourceFailed, sourceReturned } from './sync-events.ts';
import { SyncLoop, type SyncListener } from './sync-loop.ts';
import { planSync } from './sync.ts';

export interface SyncResult {
  /** Names of the apps that were declared, changed or asked to be removed. */
  changed: string[];
  /** Apps whose manifests are gone and that are kept until this is confirmed. */
  held: string[];
  /** Why the file of an app was not taken, though what it was last accepted with is kept; by name of app. */
  rejected: ReadonlyMap<string, string>;
  /** Errors and warnings of all files. */
  diagnostics: Diagnostic[];
  /** How many apps the source speaks for. */
  apps: number;
  /** Set when the source could not be read; nothing was changed then. */
  sourceError: AutoServeError | null;
  /** When to look again at a file that may still be on its way; null when there is none. */
  recheckAt: Date | null;
}

export interface Synchronization {
  close(): Promise<void>;
}

/** Brings the store in line with the source: on request, and on every change of the source. */
export class Synchronizer {
  readonly #source: Source;
  readonly #reader: ManifestReader;
  readonly #store: Store;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  /** Null before the first sync: a hold outlives a restart in the conditions of the applications. */
  #held: string[] | null = null;
  #sourceFailure: string | undefined;
  #unsaid: NewEvent[] = [];

  constructor(source: Source, reader: ManifestReader, store: Store, clock: Clock) {
    this.#source = source;
    this.#reader = reader;
    this.#store = store;
    this.#clock = clock;
  }

  /** One sync; several asked for at once run one after the other. Throws `StoreUnavailable`. */
  sync(options: { confirmPrune?: boolean } = {}): Promise<SyncResult> {
    const next = this.#last.then(() => this.#sync(options.confirmPrune ?? false));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Syncs now, whenever the source changes and every `resyncMs`; until `close`, which waits for a sync in work. */
  run(resyncMs: number, listener: SyncListener): Synchronization {
    const loop = new SyncLoop(() => this.sync(), this.#clock, resyncMs, listener);
    const watch = this.#source.watch(
      () => loop.trigger(),
      (error) => {
        if (error.code !== 'SourceUnreadable') this.#unsaid.push(sourceFailed(error, this.#clock.now()));
        loop.trigger();
      },
    );
    loop.trigger();
    return {
      async close() {
        await watch.close();
        await loop.close();
      },
    };
  }

  async #sync(confirmPrune: boolean): Promise<SyncResult> {
    let snapshot: Snapshot;
    try {
      snapshot = await this.#source.snapshot();
    } catch (error) {
      if (!(error instanceof AutoServeError)) throw error;
      return this.#failed(error);
    }
    const [{ applications }, manifests] = await Promise.all([
      this.#store.loadWorld(),
      this.#store.loadManifests(),
    ]);
    const now = this.#clock.now();
    const files = snapshot.files.map((file) => this.#reader.read(file, now));
    const { changes, held, rejected, diagnostics, apps } = planSync({
      revision: snapshot.revision,
      files,
      applications,
      manifests,
      confirmPrune,
      heldBefore: this.#held ?? heldByCondition(applications),
      now,
    });
    const returned = this.#sourceFailure === undefined ? [] : [sourceReturned(this.#source.location, now)];
    const unsaid = [...this.#unsaid];
    const all = { ...changes, events: [...unsaid, ...returned, ...changes.events] };
    const changed = isEmpty(all) ? [] : await this.#store.applySync(all);
    this.#held = held;
    this.#sourceFailure = undefined;
    this.#unsaid = this.#unsaid.slice(unsaid.length);
    return { changed, held, rejected, diagnostics, apps, sourceError: null, recheckAt: earliest(files) };
  }

  /** A source that cannot be read is an event, said once, and changes nothing else. */
  async #failed(sourceError: AutoServeError): Promise<SyncResult> {
    if (sourceError.message !== this.#sourceFailure) {
      await this.#store.appendEvents([sourceFailed(sourceError, this.#clock.now())]);
      this.#sourceFailure = sourceError.message;
    }
    const held = this.#held ?? [];
    const rejected = new Map<string, string>();
    return { changed: [], held, rejected, diagnostics: [], apps: 0, sourceError, recheckAt: null };
  }
}

function isEmpty(changes: SyncChanges): boolean {
  return Object.values(changes).every((list: unknown[]) => list.length === 0);
}

function heldByCondition(applications: readonly ApplicationRecord[]): string[] {
  const isHeld = ({ conditions }: ApplicationRecord) =>
    conditions.some(({ reason }) => reason === 'PruneHeld');
  return applications.filter(isHeld).map(({ name }) => name);
}

function earliest(files: readonly ParsedFile[]): Date | null {
  const times = files.flatMap(({ pendingUntil }) => (pendingUntil ? [pendingUntil.getTime()] : []));
  return times.length > 0 ? new Date(Math.min(...times)) : null;
}
