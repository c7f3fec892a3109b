import { expect } from 'chai';
import type { Fault } from './controller.ts';
import { runScenario } from './run.ts';
import { ROLLOUT_SCENARIOS } from './rollout-scenarios.ts';
import { SCENARIOS } from './scenarios.ts';

const FAULTS: Fault[] = [
  'killed before',
  'killed after',
  'killed and lands late',
  'refused',
  'unavailable',
  'reply lost',
  'stopped',
];

describe('a controller that fails at any of its effects reaches the same end', function () {
  // Hundreds of installations each.
  this.timeout(300_000);
  for (const scenario of [...SCENARIOS, ...ROLLOUT_SCENARIOS])
    it(`when ${scenario.name}`, async () => {
      const undisturbed = await runScenario(scenario, null);
      for (const [before, { on }] of undisturbed.effects.entries())
        for (const fault of FAULTS) {
          if (on === 'store' && fault === 'refused') continue; // is 'unavailable' there
          const effect = before + 1;
          const { state } = await runScenario(scenario, { effect, fault });
          expect(state, `${fault} at effect ${effect}`).to.deep.equal(undisturbed.state);
        }
    });
});
