import type { Clock } from '../clock.ts';
import type { AutoServeError } from '../error.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { Folder } from './folder.ts';
import type { Snapshot, Source, SourceWatch } from './source.ts';

/** A folder, and the folders in it, as the source of manifests. */
export class DirectorySource implements Source {
  readonly location: string;
  readonly #clock: Clock;
  readonly #folder: Folder;

  constructor(path: string, clock: Clock) {
    this.location = path;
    this.#clock = clock;
    this.#folder = new Folder(path, clock);
  }

  async snapshot(): Promise<Snapshot> {
    for (;;) {
      const { settlement } = await this.#folder.look();
      const files = settlement.waitMs === 0 && (await this.#folder.take(settlement));
      if (files) return { revision: null, files };
      await new Promise<void>((resolve) => this.#clock.schedule(settlement.waitMs, resolve));
    }
  }

  watch(onChange: () => void, onError: (error: AutoServeError) => void): SourceWatch {
    return new DirectoryWatch(this.#folder, this.#clock, onChange, onError);
  }
}
