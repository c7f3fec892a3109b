import { expect } from 'chai';
import fc from 'fast-check';
import { Occupancy } from '../../src/metrics/occupancy.ts';

const INTERVAL = 5_000;

/** The means of intervals in each of which one stay of `ms` ends every `everyMs`. */
function steady(ms: number, everyMs: number, intervals: number): number[] {
  const means: number[] = [];
  let occupancy = new Occupancy();
  let next = 0;
  for (let end = INTERVAL; end <= intervals * INTERVAL; end += INTERVAL) {
    for (; next < end; next += everyMs) occupancy.add(ms);
    means.push(occupancy.mean(INTERVAL));
    occupancy = occupancy.next(INTERVAL) ?? new Occupancy();
  }
  return means;
}

describe('Occupancy', () => {
  it('is the rate times the stay, by Little', () => {
    expect(steady(300, 10, 3)).to.deep.equal([30, 30, 30]);
  });

  it('counts long stays in as many intervals as they lasted', () => {
    expect(steady(30_000, 500, 20).slice(6)).to.deep.equal(Array.from({ length: 14 }, () => 60));
  });

  it('counts a minute of a stay of a day, at most one at a time', () => {
    let occupancy: Occupancy | undefined = new Occupancy();
    occupancy.add(86_400_000);
    const means: number[] = [];
    while (occupancy) {
      means.push(occupancy.mean(INTERVAL));
      occupancy = occupancy.next(INTERVAL);
    }
    expect(means).to.deep.equal(Array.from({ length: 12 }, () => 1));
  });

  it('loses nothing and invents nothing', () => {
    const stays = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 50 });
    fc.assert(
      fc.property(stays, stays, fc.integer({ min: 1_000, max: 20_000 }), (some, others, ms) => {
        const first = new Occupancy();
        const second = new Occupancy();
        for (const stay of some) first.add(stay);
        for (const stay of others) second.add(stay);
        first.merge(second);
        let counted = 0;
        for (let left: Occupancy | undefined = first; left; left = left.next(ms))
          counted += left.mean(ms) * ms;
        const stayed = [...some, ...others].reduce((sum, stay) => sum + stay, 0);
        expect(counted).to.be.closeTo(stayed, 1e-6 * stayed + 1e-6);
      }),
    );
  });
});
