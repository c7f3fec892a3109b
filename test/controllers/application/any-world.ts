import fc from 'fast-check';
import { expect } from 'chai';
import type { Desired } from '../../../src/controllers/application/desired.ts';
import { type Instance } from '../../../src/controllers/application/instance.ts';
import { budgetOf } from '../../../src/controllers/rollout/budget.ts';
import type { HealthWord } from '../../../src/store/store.ts';
import type { Step } from '../../../src/plan/plan.ts';
import { ago, container, desired, instances, type Sketch } from './fixtures.ts';

const LIMITS = { nanoCpus: 10 ** 9, memoryBytes: 2 ** 29 };

export const RUNS = { numRuns: 1_000 };

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
export const world = fc
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

export const wanted: fc.Arbitrary<Desired> = fc
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
export function afterwards(before: readonly Instance[], { action }: Step, now: Date): Instance[] {
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

export function observe(sketches: readonly Sketch[]): Instance[] {
  return sketches.flatMap((each) => {
    const shown = container(each);
    return instances([shown], [], { [shown.identity.name]: each });
  });
}

export const count = (all: readonly Instance[], holds: (instance: Instance) => boolean): number =>
  all.filter(holds).length;
