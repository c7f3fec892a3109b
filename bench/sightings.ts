const DEADLINE_MS = 120_000;

/** What was seen, in its order; what is not there yet can be waited for. */
export class Sightings<T> {
  readonly seen: T[] = [];
  readonly #waiting = new Set<() => void>();

  add(sighting: T): void {
    this.seen.push(sighting);
    for (const look of this.#waiting) look();
  }

  /** Resolves with the first from position `from` on that fits; rejects after two minutes. */
  async next(from: number, fits: (sighting: T) => boolean): Promise<T> {
    const [first] = await this.count(1, from, fits);
    if (first === undefined) throw new Error('nothing was seen');
    return first;
  }

  /** Resolves with the first `wanted` from position `from` on that fit. */
  async count(wanted: number, from: number, fits: (sighting: T) => boolean): Promise<T[]> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const last = JSON.stringify(this.seen.at(-1));
        reject(new Error(`waited two minutes for ${wanted}; what was seen last is ${last}`));
      }, DEADLINE_MS);
      const look = (): void => {
        const found = this.seen.slice(from).filter(fits);
        if (found.length < wanted) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found.slice(0, wanted));
      };
      this.#waiting.add(look);
      look();
    });
  }
}
