import fc from 'fast-check';
import { expect } from 'chai';
import {
  hasProcess,
  isBusy,
  isReady,
  isRunning,
  type Instance,
} from '../../../src/controllers/application/instance.ts';
import { planApplication } from '../../../src/controllers/application/plan.ts';
import { targetOf } from '../../../src/plan/action.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { instances, NOW, record } from './fixtures.ts';

import { afterwards, count, observe, RUNS, wanted, world } from './any-world.ts';

/** What a snapshot shows while these steps are in hand. */
function withInHand(present: readonly Instance[], hand: readonly Step[]): Instance[] {
  return present.map((each) => {
    const kinds = hand.filter(({ action }) => targetOf(action) === each.identity.name);
    return { ...each, inHand: new Set(kinds.map(({ action }) => action.kind)) };
  });
}

/** Whether nobody is about to take it away. */
function stays({ drainingSince, inHand }: Instance): boolean {
  return !drainingSince && !inHand.has('drainInstance') && !inHand.has('stopContainer');
}

/** How many run and are to: what is surplus is on its way out from when that was decided, others once they are out. */
function processesOf(seen: readonly Instance[], hand: readonly Step[]): number {
  const surplus = new Set(
    hand.filter(({ cause }) => cause.reason === 'ScaledIn').map(({ action }) => targetOf(action)),
  );
  return count(seen, (each) => isRunning(each) && !isOut(each) && !surplus.has(each.identity.name));
}

/** Whether it is out of service, or being stopped without having to be taken out before. */
function isOut({ drainingSince, inHand }: Instance): boolean {
  return drainingSince !== null || (inHand.has('stopContainer') && !inHand.has('drainInstance'));
}

/** The rows of the instances that steps are to create. */
function intended(steps: readonly Step[]): Instance[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'createContainer') return [];
    const { index, attempt, restarts } = action.container.identity;
    return instances([], [record({ index, attempt, restarts })]);
  });
}

describe('planApplication, while earlier plans are being carried out, for any observed state and strategy', () => {
  it('keeps the budget in whatever order the steps of several plans in hand end, and converges', () => {
    fc.assert(
      fc.property(world, wanted, fc.array(fc.nat(), { maxLength: 40 }), (sketches, goal, choices) => {
        const ceiling = goal.replicas + goal.budget.surge;
        const floor = goal.replicas - goal.budget.unavailable;
        let present = observe(sketches);
        let hand: Step[] = [];
        let now = NOW;
        let last = present;
        let before = Infinity;
        const choose = (many: number): number => (choices.shift() ?? 0) % many;
        const seeAll = (): Instance[] => {
          const seen = withInHand(present, hand);
          const serving = (each: Instance): boolean => isReady(each, now) && stays(each);
          const processes = processesOf(seen, hand);
          if (processes > before) expect(processes).to.be.at.most(ceiling);
          before = processes;
          const ready = count(seen, serving);
          if (ready < count(last, serving)) expect(ready).to.be.at.least(floor);
          const slots = present
            .filter(hasProcess)
            .map(({ identity }) => `${identity.index} r${identity.revision}`);
          expect(slots).to.deep.equal([...new Set(slots)]);
          last = seen;
          return seen;
        };
        const land = (): void => {
          const ids = new Set(hand.map(({ id }) => id));
          const due = hand.filter(({ after }) => !after.some((id) => ids.has(id)));
          const step = due[choose(due.length)];
          if (!step) return;
          present = afterwards(present, step, now);
          hand = hand.filter((other) => other !== step);
          seeAll();
        };
        let settled = false;
        for (let pass = 0; pass < 300 && !settled; pass += 1) {
          const snapshot = seeAll();
          const at = now;
          // What was in hand when the snapshot was begun may have ended by the time of the decision.
          for (let landings = choose(3); landings > 0; landings -= 1) land();
          const decision = planApplication(goal, snapshot, true, at);
          const steps = decision.plan.steps.map((step) => ({
            ...step,
            id: step.id + pass * 100,
            after: step.after.map((id) => id + pass * 100),
          }));
          const busy = new Set(
            withInHand(present, hand)
              .filter(isBusy)
              .map(({ identity }) => identity.name),
          );
          for (const { action } of steps) expect(busy, 'planned twice').not.to.include(targetOf(action));
          present = [...present, ...intended(steps)];
          hand = [...hand, ...steps];
          seeAll();
          for (let landings = choose(4); landings > 0; landings -= 1) land();
          settled = decision.settled && decision.wakeAt === null && hand.length === 0;
          if (steps.length > 0) continue;
          while (hand.length > 0) land();
          now = new Date(Math.max(now.getTime() + 1_500, decision.wakeAt?.getTime() ?? 0));
          const since = now;
          present = present.map((each) =>
            each.health?.status === 'starting'
              ? { ...each, health: { status: 'healthy', since, probes: [] } }
              : each,
          );
          last = withInHand(present, hand);
        }
        expect(settled).to.equal(true);
        expect(
          count(present, (each) => isReady(each, now) && each.identity.specHash === goal.specHash),
        ).to.equal(goal.replicas);
        expect(present).to.have.length(goal.replicas);
      }),
      RUNS,
    );
  });
});
