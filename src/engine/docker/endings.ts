import type { EndedBy, ObservedContainer } from '../engine.ts';
import type { ContainerEvent } from './events.ts';

const SIGKILL = 9;
/** Signals that are sent to end a process: INT, QUIT, ABRT, KILL, TERM. Others, such as HUP, ask for something else. */
const ENDING_SIGNALS = new Set([2, 3, 6, SIGKILL, 15]);

interface Ending {
  at: Date;
  by: EndedBy;
}

/**
 * How the last run of each container ended, from what Docker's events tell: a signal that somebody had Docker send
 * comes before the death, under the same lock, and `stop` after it. Events may come again; that changes nothing.
 */
export class Endings {
  /** By what the run now is being ended. */
  readonly #signals = new Map<string, Ending>();
  readonly #endings = new Map<string, Ending>();

  /** True when what `of` returns may have changed. */
  note({ id, action, at, signal, live }: ContainerEvent): boolean {
    const known = this.#endings.get(id);
    switch (action) {
      case 'start':
        this.#signals.delete(id);
        return false;
      case 'kill':
        if (ENDING_SIGNALS.has(signal) && !this.#signals.has(id)) {
          this.#signals.set(id, { at, by: signal === SIGKILL ? 'kill' : 'stop' });
        }
        return false;
      case 'die': {
        if (known && known.at >= at) return false;
        const by = this.#signals.get(id)?.by ?? (live ? 'itself' : undefined);
        if (by) this.#endings.set(id, { at, by });
        return by !== undefined;
      }
      case 'stop':
        // The image may have Docker stop it with any signal.
        if (!known || known.by === 'stop' || known.at > at) return false;
        this.#endings.set(id, { ...known, by: 'stop' });
        return true;
      default:
        return false;
    }
  }

  /** Null for a run that goes on, and for an end that no event told of. */
  of({ id, startedAt, finishedAt }: ObservedContainer): EndedBy | null {
    const ending = this.#endings.get(id);
    if (!ending || !startedAt || !finishedAt || ending.at < startedAt) return null;
    return ending.by;
  }

  /** Forgets all containers but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const map of [this.#signals, this.#endings]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
  }
}
