import { expect } from 'chai';
import { budgetOf } from '../../../src/controllers/rollout/budget.ts';
import { desired } from '../application/fixtures.ts';

const { strategy } = desired().manifest.spec;

describe('budgetOf', () => {
  for (const [maxSurge, maxUnavailable, replicas, surge, unavailable] of [
    [1, 0, 10, 1, 0],
    ['25%', '25%', 10, 3, 2],
    ['25%', '25%', 1, 1, 0],
    [0, 0, 10, 0, 1],
    [0, '5%', 10, 0, 1],
    ['1%', 0, 10, 1, 0],
    [0, 20, 10, 0, 10],
    ['100%', '100%', 3, 3, 3],
  ] as const)
    it(`gives ${surge} of surge and ${unavailable} unavailable for ${maxSurge} and ${maxUnavailable} of ${replicas}`, () => {
      expect(budgetOf({ ...strategy, maxSurge, maxUnavailable }, replicas)).to.deep.equal({
        surge,
        unavailable,
      });
    });

  it('lets everything be unavailable when all is recreated', () => {
    expect(budgetOf({ ...strategy, type: 'Recreate' }, 4)).to.deep.equal({ surge: 0, unavailable: 4 });
  });
});
