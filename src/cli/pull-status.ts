import type { PullNotice } from '../store/pull-notice.ts';
import type { EventRow } from '../store/read.ts';

/** A pull that is not heard of for so long stands still, or was called off. */
const SILENCE_MS = 10_000;

/** What is known of a pull that is under way: it is said once a second, and how it ended is an event. */
export class PullStatus {
  #last: { notice: PullNotice; heardAt: Date } | undefined;

  hear(notice: PullNotice, now: Date): void {
    this.#last = { notice, heardAt: now };
  }

  /** Takes note of the end of it: the image is there, or cannot be had. */
  end(events: readonly EventRow[]): void {
    const isEnd = ({ reason, severity }: EventRow) => reason === 'ImagePulled' || severity === 'error';
    if (events.some(isEnd)) this.#last = undefined;
  }

  /** What to show now; undefined when there is no pull. */
  at(now: Date): { text: string; detail: string } | undefined {
    if (!this.#last || now.getTime() - this.#last.heardAt.getTime() > SILENCE_MS) return undefined;
    const { image, percent } = this.#last.notice;
    return { text: `pulling image ${image}`, detail: percent === null ? '' : `, ${percent} %` };
  }
}
