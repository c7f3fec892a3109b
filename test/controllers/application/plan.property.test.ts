import fc from 'fast-check';
import { expect } from 'chai';
import { failureOf } from '../../../src/controllers/application/failure.ts';
import {
  hasProcess,
  isReady,
  isRunning,
  type Instance,
} from '../../../src/controllers/application/instance.ts';
import { planApplication } from '../../../src/controllers/application/plan.ts';
import { NOW } from './fixtures.ts';

import { afterwards, count, observe, RUNS, wanted, world } from './any-world.ts';

describe('planApplication, for any observed state and strategy', () => {
  it('plans the same from the same', () => {
    fc.assert(
      fc.property(world, wanted, (sketches, goal) => {
        const plan = () => planApplication(goal, observe(sketches), true, NOW);
        expect(plan()).to.deep.equal(plan());
      }),
      RUNS,
    );
  });

  it('converges to the desired instances, and keeps the budget at every step of the way', () => {
    fc.assert(
      fc.property(world, wanted, (sketches, goal) => {
        const { replicas, budget, specHash } = goal;
        const ceiling = replicas + budget.surge;
        const floor = replicas - budget.unavailable;
        let present = observe(sketches);
        let now = NOW;
        for (let pass = 0; pass < 80; pass += 1) {
          const { plan, wakeAt, settled } = planApplication(goal, present, true, now);
          const starting = present.some(({ health }) => health?.status === 'starting');
          if (settled && wakeAt === null && !starting) break;
          for (const step of plan.steps) {
            const before = present;
            present = afterwards(before, step, now);
            const isCounted = (each: Instance): boolean => isRunning(each) && !each.drainingSince;
            const processes = count(present, isCounted);
            if (processes > count(before, isCounted)) expect(processes).to.be.at.most(ceiling);
            const ready = count(present, (each) => isReady(each, now));
            if (ready < count(before, (each) => isReady(each, now))) expect(ready).to.be.at.least(floor);
            const slots = present
              .filter(hasProcess)
              .map(({ identity }) => `${identity.index} r${identity.revision}`);
            expect(slots).to.deep.equal([...new Set(slots)]);
          }
          now = new Date(Math.max(now.getTime() + 1_500, wakeAt?.getTime() ?? 0));
          const since = now;
          present = present.map((each) =>
            each.health?.status === 'starting'
              ? { ...each, health: { status: 'healthy', since, probes: [] } }
              : each,
          );
        }
        const { plan, settled } = planApplication(goal, present, true, now);
        expect({ steps: plan.steps, settled }).to.deep.equal({ steps: [], settled: true });
        expect(present).to.have.length(replicas);
        for (const instance of present) {
          expect(instance.identity.specHash).to.equal(specHash);
          expect(isReady(instance, now)).to.equal(true);
        }
      }),
      RUNS,
    );
  });

  it('keeps what is known of an instance that failed before it is removed, and lets no start wait for that', () => {
    fc.assert(
      fc.property(world, wanted, (sketches, goal) => {
        const present = observe(sketches);
        const { steps } = planApplication(goal, present, true, NOW).plan;
        const failed = new Set(
          present.flatMap((each) => (failureOf(each, goal, NOW) ? (each.container?.id ?? []) : [])),
        );
        const recorded = new Map<string, number>();
        for (const { id, after, action } of steps) {
          if (action.kind === 'recordFailure') {
            expect(failed, 'recorded without a failure').to.include(action.containerId);
            expect([...recorded.keys()], 'recorded twice').not.to.include(action.containerId);
            recorded.set(action.containerId, id);
          } else if (action.kind === 'removeContainer') {
            const before = recorded.get(action.containerId);
            expect(before !== undefined, 'recorded before its removal').to.equal(
              failed.has(action.containerId),
            );
            if (before !== undefined) expect(after).to.deep.equal([before]);
          } else expect(after.some((other) => [...recorded.values()].includes(other))).to.equal(false);
        }
      }),
      RUNS,
    );
  });

  it('leaves a ready instance of the present spec alone unless there are more than wanted', () => {
    fc.assert(
      fc.property(world, wanted, (sketches, goal) => {
        const present = observe(sketches);
        const { plan } = planApplication(goal, present, true, NOW);
        const indices = new Set(present.map(({ identity }) => identity.index));
        const touched = plan.steps.flatMap(({ action }) =>
          'containerId' in action && action.kind !== 'updateContainer' ? (action.containerId ?? []) : [],
        );
        const fine = present.filter(
          (each) =>
            isReady(each, NOW) && each.identity.specHash === goal.specHash && indices.size <= goal.replicas,
        );
        for (const { container: shown } of fine) expect(touched).not.to.include(shown?.id);
      }),
      RUNS,
    );
  });
});
