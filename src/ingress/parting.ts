import type { Clock } from '../clock.ts';
import { pause } from './pause.ts';

const LEAST_MS = 500;
const MOST_MS = 3_000;
const LOOK_MS = 100;
/** For so long no idle connection must have been used. */
const QUIET_LOOKS = 3;

/**
 * Resolves when the clients have had their time to part: each answer tells them to connect anew, so that the connections
 * that are idle now and not used any more are those that a reload may close without a request being on its way. Many
 * clients that take turns with their connections get more time, as long as the idle ones become fewer.
 *
 * @param idle how many there are; null where nobody knows
 */
export async function partingTime(clock: Clock, idle: () => Promise<number | null>): Promise<void> {
  const begin = clock.now().getTime();
  const counts: number[] = [];
  for (;;) {
    await pause(clock, LOOK_MS);
    const passed = clock.now().getTime() - begin;
    const count = await idle();
    counts.push(count ?? 0);
    const before = counts.at(-1 - QUIET_LOOKS) ?? Infinity;
    const parted = !count || count >= before;
    if (passed >= MOST_MS || (passed >= LEAST_MS && parted)) return;
  }
}
