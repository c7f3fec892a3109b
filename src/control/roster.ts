import type { ApplicationRecord } from '../store/store.ts';

/** An instance that runs. */
export interface Member {
  containerId: string;
  /** The container's name. */
  name: string;
  /** On the installation's network; null while it has no address. */
  ip: string | null;
  /** Where it takes requests, by its own spec, which a rollout may just be replacing; null where it takes none. */
  port: number | null;
  /** Whether requests may be sent to it. */
  ready: boolean;
  /** Whether it is of the revision that is wanted. */
  current: boolean;
}

export interface RosterEntry {
  /** With the status of the last look. */
  application: ApplicationRecord;
  members: readonly Member[];
}

/** Who is there, as the last passes saw it: what the ingress, the metrics and the scaler go by. */
export class Roster {
  readonly #entries = new Map<string, RosterEntry>();

  /** Replaces what is known of these applications; null for one that is no more. */
  update(entries: Iterable<readonly [name: string, entry: RosterEntry | null]>): void {
    for (const [name, entry] of entries) {
      if (entry) this.#entries.set(name, entry);
      else this.#entries.delete(name);
    }
  }

  /** In the order in which the applications were declared. */
  get entries(): readonly RosterEntry[] {
    return [...this.#entries.values()].toSorted(
      ({ application: a }, { application: b }) =>
        a.createdAt.getTime() - b.createdAt.getTime() || (a.name < b.name ? -1 : 1),
    );
  }
}
