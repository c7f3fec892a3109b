import fc from 'fast-check';
import { expect } from 'chai';
import type { Desired } from '../../../src/controllers/application/desired.ts';
import { failureOf } from '../../../src/controllers/application/failure.ts';
import {
  hasProcess,
  isBusy,
  isReady,
  isRunning,
  type Instance,
} from '../../../src/controllers/application/instance.ts';
import { planApplication } from '../../../src/controllers/application/plan.ts';
import { sortInstances } from '../../../src/controllers/application/slots.ts';
import { budgetOf } from '../../../src/controllers/rollout/budget.ts';
import type { HealthWord } from '../../../src/store/store.ts';
import { targetOf } from '../../../src/plan/action.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { ago, container, desired, instances, NOW, record, type Sketch } from './fixtures.ts';

const LIMITS = { nanoCpus: 10 ** 9, memoryBytes: 2 ** 29 };

const RUNS = { numRuns: 1_000 };

const sketch: fc.Arbitrary<Sketch> = fc.record({
  index: fc.nat(5),
  attempt: fc.integer({ min: 1, max: 3 }),
  restarts: fc.nat(4),
  spec: fc.constantFrom('new', 'old'),
  state: fc.constantFrom('created', 'running', 'running', 'running', 'paused', 'exited', 'dead'),
  ip: fc.constantFrom('10.0.0.2', '10.0.0.2', null),
  started: fc.constantFrom(ago(700), ago(60), ago(0.5)),
  finished: fc.constantFrom(ago(0), ago(400)),
  exitCode: fc.constantFrom(0, 1, 137),
  health: fc.constantFrom<HealthWord[]>('healthy', 'healthy', 'unhealthy', 'starting'),
  resources: fc.constantFrom(LIMITS, { ...LIMITS, memoryBytes: 2 ** 28 }),
});

/** Any set of containers that an engine could hold: names are unique, and no slot has two processes of one revision. */
const world = fc
  .uniqueArray(sketch, {
    maxLength: 12,
    selector: ({ index, attempt, spec }) => `${index} ${attempt} ${spec}`,
  })
  .map((sketches) => {
    const running = new Set<string>();
    return sketches.filter(({ index, spec, state }) => {
      const slot = `${index} ${spec}`;
      if (state !== 'running' && state !== 'paused') return true;
      if (running.has(slot)) return false;
      running.add(slot);
      return true;
    });
  });

const wanted: fc.Arbitrary<Desired> = fc
  .record({
    replicas: fc.nat(5),
    type: fc.constantFrom('RollingUpdate' as const, 'RollingUpdate' as const, 'Recreate' as const),
    maxSurge: fc.constantFrom<(number | string)[]>(0, 1, 3, '50%'),
    maxUnavailable: fc.constantFrom<(number | string)[]>(0, 1, 2, '40%'),
    drainSeconds: fc.constantFrom(0, 5),
    paused: fc.constant(false),
  })
  .map(({ replicas, drainSeconds, paused, ...changes }) => {
    const { strategy: usual } = desired().manifest.spec;
    const strategy = { ...usual, ...changes };
    const termination = { drainSeconds, gracePeriodSeconds: 10 };
    return desired(
      { replicas, paused, budget: budgetOf(strategy, replicas) },
      { strategy, termination, resources: { cpu: 1, memory: '512Mi' } },
    );
  });

/** The world after a step has succeeded at `now`; what is started becomes healthy at once. */
function afterwards(before: readonly Instance[], { action }: Step, now: Date): Instance[] {
  const change = (
    id: string,
    changes: Partial<Instance['container']>,
    more: Partial<Instance> = {},
  ): Instance[] =>
    before.map((each) =>
      each.container?.id === id
        ? look({ ...each, ...more, container: { ...each.container, ...changes } })
        : each,
    );
  switch (action.kind) {
    case 'createContainer': {
      const { identity } = action.container;
      const others = before.filter((each) => each.identity.name !== identity.name || each.container);
      expect(others.map((each) => each.identity.name)).not.to.include(identity.name);
      const { index, attempt } = identity;
      const made = container({ index, attempt, state: 'created', ip: '10.0.0.9' });
      return [...others, ...instances([{ ...made, identity: { ...identity, operationId: 'op' } }])];
    }
    case 'startContainer':
      return change(
        action.containerId ?? `id-${action.instance.name}`,
        { state: 'running', ip: '10.0.0.9', startedAt: now },
        { health: { status: 'healthy', since: now, probes: [] } },
      );
    case 'drainInstance':
      return change(action.containerId, {}, { drainingSince: now });
    case 'undrainInstance':
      return change(action.containerId, {}, { drainingSince: null });
    case 'updateContainer':
      return change(action.containerId, { resources: action.resources });
    case 'stopContainer':
      return change(action.containerId, { state: 'exited', exitCode: 137, finishedAt: now });
    case 'removeContainer':
      return before.filter((each) => each.container?.id !== action.containerId);
    case 'createNetwork':
    case 'resolveImage':
    case 'recordFailure':
      return [...before];
  }
}

/** Joins an instance anew after its container changed. */
function look(instance: Instance): Instance {
  const { container: shown, health, drainingSince, record } = instance;
  const [again] = instances(shown ? [shown] : []);
  if (!again) return instance;
  const sick = again.phase === 'running' && health?.status === 'unhealthy';
  return { ...again, record, health, drainingSince, ...(sick && { phase: 'unhealthy' as const }) };
}

function observe(sketches: readonly Sketch[]): Instance[] {
  return sketches.flatMap((each) => {
    const shown = container(each);
    return instances([shown], [], { [shown.identity.name]: each });
  });
}

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

/** Those that run, neither out of service nor being stopped; what is surplus is on its way out from the beginning. */
function processesOf(goal: Desired, seen: readonly Instance[], now: Date): number {
  const { slots } = sortInstances(goal.specHash, goal.replicas, seen, now);
  const wanted = slots.flatMap(({ all }) => all).filter(isRunning);
  return count(
    wanted,
    ({ drainingSince, inHand }) =>
      !drainingSince && (inHand.has('drainInstance') || !inHand.has('stopContainer')),
  );
}

/** The rows of the instances that steps are to create. */
function intended(steps: readonly Step[]): Instance[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'createContainer') return [];
    const { index, attempt, restarts } = action.container.identity;
    return instances([], [record({ index, attempt, restarts })]);
  });
}

const count = (all: readonly Instance[], holds: (instance: Instance) => boolean): number =>
  all.filter(holds).length;

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

  it('keeps the budget in whatever order the steps of several plans in hand end, and converges', () => {
    fc.assert(
      fc.property(world, wanted, fc.array(fc.nat(), { maxLength: 40 }), (sketches, goal, choices) => {
        const ceiling = goal.replicas + goal.budget.surge;
        const floor = goal.replicas - goal.budget.unavailable;
        let present = observe(sketches);
        let hand: Step[] = [];
        let now = NOW;
        let last = present;
        const choose = (count: number): number => (choices.shift() ?? 0) % count;
        const look = (): Instance[] => {
          const seen = withInHand(present, hand);
          const serving = (each: Instance): boolean => isReady(each, now) && stays(each);
          const processes = processesOf(goal, seen, now);
          if (processes > processesOf(goal, last, now)) expect(processes).to.be.at.most(ceiling);
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
          look();
        };
        let settled = false;
        for (let pass = 0; pass < 300 && !settled; pass += 1) {
          const snapshot = look();
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
          look();
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
