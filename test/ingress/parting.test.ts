import { expect } from 'chai';
import { partingTime } from '../../src/ingress/parting.ts';
import { VirtualClock } from '../virtual-clock.ts';

/** How long it takes, in milliseconds, when so many connections are idle after that many. */
async function timeFor(idleAt: (ms: number) => number | null): Promise<number> {
  const clock = new VirtualClock(new Date(0));
  const parted = partingTime(clock, async () => idleAt(clock.now().getTime()));
  while (clock.next) {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await parted;
  return clock.now().getTime();
}

describe('The time that clients get to part with a configuration', () => {
  it('is half a second when no connection is idle, or when nobody knows', async () => {
    expect(await timeFor(() => 0)).to.equal(500);
    expect(await timeFor(() => null)).to.equal(500);
  });

  it('is no longer for idle connections that nobody uses', async () => {
    expect(await timeFor(() => 40)).to.equal(500);
    expect(await timeFor((ms) => Math.max(7, 40 - ms))).to.equal(500);
  });

  it('lasts while the idle connections become fewer', async () => {
    expect(await timeFor((ms) => Math.max(0, 120 - ms / 10))).to.equal(1_200);
    // Some are never used.
    expect(await timeFor((ms) => Math.max(20, 120 - ms / 10))).to.be.within(1_200, 1_400);
  });

  it('ends after three seconds, however many there are', async () => {
    expect(await timeFor((ms) => 10_000 - ms)).to.equal(3_000);
  });
});
