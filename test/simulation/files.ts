import type { Clock } from '../../src/clock.ts';
import { AutoServeError } from '../../src/error.ts';
import type { ReadFile, Snapshot, Source, SourceWatch } from '../../src/source/source.ts';

/** How long after a change the listeners hear of it. */
const NOTICE_MS = 20;

interface Listener {
  onChange: () => void;
  onError: (error: AutoServeError) => void;
}

/** A folder of manifests in memory. It outlives the controllers that watch it. */
export class MemoryFiles implements Source {
  readonly location = 'memory:manifests';
  readonly #clock: Clock;
  readonly #files = new Map<string, ReadFile>();
  readonly #listeners = new Set<Listener>();
  #vanished = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get files(): ReadFile[] {
    return [...this.#files.values()];
  }

  /** Writes a file, a new or a changed one. */
  write(path: string, text: string): void {
    this.#files.set(path, fileOf(path, text));
    this.#notify();
  }

  remove(path: string): void {
    this.#files.delete(path);
    this.#notify();
  }

  /** The folder cannot be read until it returns. */
  vanish(): void {
    this.#vanished = true;
    for (const { onError } of this.#listeners) onError(unreadable());
  }

  returnAgain(): void {
    this.#vanished = false;
    this.#notify();
  }

  async snapshot(): Promise<Snapshot> {
    if (this.#vanished) throw unreadable();
    return { revision: null, files: this.files };
  }

  watch(onChange: () => void, onError: (error: AutoServeError) => void): SourceWatch {
    const listener = { onChange, onError };
    this.#listeners.add(listener);
    return { close: async () => void this.#listeners.delete(listener) };
  }

  #notify(): void {
    this.#clock.schedule(NOTICE_MS, () => {
      for (const { onChange } of this.#listeners) onChange();
    });
  }
}

/** The same object for the same content, in all simulations: readers remember what they made of it. */
const FILES = new Map<string, ReadFile>();

function fileOf(path: string, text: string): ReadFile {
  const key = `${path}\n${text}`;
  const file = FILES.get(key) ?? { path, bytes: Buffer.from(text), modifiedAt: null };
  FILES.set(key, file);
  return file;
}

function unreadable(): AutoServeError {
  return new AutoServeError('SourceUnreadable', 'the folder memory:manifests cannot be read');
}
