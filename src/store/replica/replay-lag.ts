/** Where the end of the primary's write-ahead log was seen, and when. */
interface Mark {
  /** Bytes from the log's beginning. */
  position: number;
  at: number;
}

/** What one look at both servers showed. */
export interface Positions {
  /** Of the primary's log, in bytes from its beginning; null when the primary does not answer. */
  written: number | null;
  /** What the replica has received, and what of it can be read there. */
  received: number | null;
  replayed: number | null;
  /** Age of the last commit that can be read on the replica; null when it has seen none since its start. */
  lastCommitSeconds: number | null;
  /** When it was, in milliseconds of any steady clock. */
  at: number;
}

const MOST_MARKS = 1_000;

/**
 * How far a replica is behind. The age of its last commit alone says nothing about a primary at which nothing happens,
 * and what was received says nothing about a replica that lost its primary; so the primary's positions are remembered,
 * each with its moment, and the lag is the age of the last one that the replica has reached.
 */
export class ReplayLag {
  #marks: Mark[] = [];

  /** Seconds that a reader of the replica may be behind a reader of the primary, at most; Infinity when nobody knows. */
  measure({ written, received, replayed, lastCommitSeconds, at }: Positions): number {
    if (replayed === null) return Infinity;
    const reached = this.#marks.findLast(({ position }) => position <= replayed);
    this.#remember(reached, written, at);
    // While the primary is away, nobody is ahead of a replica that has read all it got.
    if (replayed >= (written ?? received ?? Infinity)) return 0;
    return Math.min(reached ? (at - reached.at) / 1_000 : Infinity, lastCommitSeconds ?? Infinity);
  }

  #remember(reached: Mark | undefined, written: number | null, at: number): void {
    if (reached) this.#marks.splice(0, this.#marks.indexOf(reached));
    if (written === null) return;
    const last = this.#marks.at(-1);
    if (last?.position === written) last.at = at;
    else this.#marks.push({ position: written, at });
    // Fewer marks only make the estimate coarser, and never too small.
    if (this.#marks.length > MOST_MARKS) this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
  }
}
