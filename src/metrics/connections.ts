/** What is known of nginx's connections: of each address how many; `unread` where they never could be read, `lost` where they could. */
export type Connections = ReadonlyMap<string, number> | 'unread' | 'lost';

/**
 * So long it takes at most until a request that has ended is in an interval that ends: nginx writes its log a second and an
 * answer after it did before, and it is read a second and an answer later.
 */
const LOGGED_AFTER_MS = 3_000;

/** The connections of a moment of which the log has told all that had ended by then. */
export class ConnectionHistory {
  #readings: { at: number; connections: ReadonlyMap<string, number> }[] = [];
  #read = false;

  add(connections: ReadonlyMap<string, number>, now: Date): void {
    this.#readings = [...this.#readings.slice(-1), { at: now.getTime(), connections }];
    this.#read = true;
  }

  /** They cannot be read any more. */
  lose(): void {
    this.#readings = [];
  }

  at(now: Date): Connections {
    const [earlier, latest = earlier] = this.#readings;
    if (!earlier || !latest) return this.#read ? 'lost' : 'unread';
    return now.getTime() - latest.at >= LOGGED_AFTER_MS ? latest.connections : earlier.connections;
  }
}
