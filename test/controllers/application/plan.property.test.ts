import fc from 'fast-check';
import { expect } from 'chai';
import { planApplication } from '../../../src/controllers/application/plan.ts';
import { instanceName, type ObservedContainer } from '../../../src/engine/engine.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { ago, container, desired, instances, NOW, type Sketch } from './fixtures.ts';

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
});

/** Any set of containers that an engine could hold: names are unique. */
const world = fc
  .uniqueArray(sketch, {
    maxLength: 12,
    selector: ({ index, attempt, spec }) => `${index} ${attempt} ${spec}`,
  })
  .map((sketches) => sketches.map(container));

/** The world after every step of a plan has succeeded at `now`. */
function afterwards(containers: readonly ObservedContainer[], plan: Plan, now: Date): ObservedContainer[] {
  let next = [...containers];
  const change = (id: string, changes: Partial<ObservedContainer>): void => {
    next = next.map((each) => (each.id === id ? { ...each, ...changes } : each));
  };
  for (const { action } of plan.steps)
    switch (action.kind) {
      case 'createContainer': {
        const { identity } = action.container;
        expect(next.map(({ name }) => name)).not.to.include(identity.name);
        const sketched = container({ index: identity.index, attempt: identity.attempt, state: 'created' });
        next.push({ ...sketched, identity: { ...identity, operationId: 'op' }, name: identity.name });
        break;
      }
      case 'startContainer':
        change(action.containerId ?? `id-${action.instance.name}`, {
          state: 'running',
          ip: '10.0.0.9',
          startedAt: now,
        });
        break;
      case 'stopContainer':
        change(action.containerId, { state: 'exited', exitCode: 137, finishedAt: now });
        break;
      case 'removeContainer':
        next = next.filter(({ id }) => id !== action.containerId);
        break;
      case 'createNetwork':
      case 'resolveImage':
    }
  return next;
}

describe('planApplication, for any observed state', () => {
  it('plans the same from the same', () => {
    fc.assert(
      fc.property(world, fc.nat(5), (containers, replicas) => {
        const plan = () => planApplication(desired({ replicas }), instances(containers), true, NOW);
        expect(plan()).to.deep.equal(plan());
      }),
      { numRuns: 1_000 },
    );
  });

  it('converges to the desired instances and an empty plan, with at most one slot out for an update at a time', () => {
    fc.assert(
      fc.property(world, fc.nat(5), (start, replicas) => {
        let containers = start;
        let now = NOW;
        for (let pass = 0; pass < 40; pass += 1) {
          const { plan, wakeAt } = planApplication(desired({ replicas }), instances(containers), true, now);
          if (plan.steps.length === 0 && wakeAt === null) break;
          const updated = plan.steps.filter(
            ({ action, cause }) => action.kind === 'stopContainer' && cause.reason === 'SpecChanged',
          );
          const slots = new Set(updated.map(({ action }) => 'instance' in action && action.instance.index));
          expect(slots.size).to.be.at.most(1);
          containers = afterwards(containers, plan, now);
          now = new Date(Math.max(now.getTime() + 1_500, wakeAt?.getTime() ?? 0));
        }
        expect(planApplication(desired({ replicas }), instances(containers), true, now)).to.deep.equal({
          plan: { app: 'web', appUid: 'uid-web', steps: [] },
          wakeAt: null,
        });
        expect(containers.map(({ identity }) => identity.index).toSorted()).to.deep.equal(
          Array.from({ length: replicas }, (_, index) => index),
        );
        for (const { state, ip, identity } of containers)
          expect({ state, connected: ip !== null, specHash: identity.specHash }).to.deep.equal({
            state: 'running',
            connected: true,
            specHash: 'new',
          });
      }),
      { numRuns: 1_000 },
    );
  });

  it('never creates two instances for one slot, nor touches a running one that is as it should be', () => {
    fc.assert(
      fc.property(world, fc.nat(5), (containers, replicas) => {
        const { plan } = planApplication(desired({ replicas }), instances(containers), true, NOW);
        const created = plan.steps.flatMap(({ action }) =>
          action.kind === 'createContainer' ? action.container.identity : [],
        );
        expect(new Set(created.map(({ index }) => index)).size).to.equal(created.length);
        for (const { name, index, revision, attempt } of created)
          expect(name).to.equal(instanceName('web', index, revision, attempt));
        const kept = containers.filter(
          ({ identity, state, ip }) =>
            identity.index < replicas && identity.specHash === 'new' && state === 'running' && ip !== null,
        );
        const lastOfSlot = kept.filter(
          (each) =>
            !kept.some(
              (other) =>
                other.identity.index === each.identity.index &&
                other.identity.attempt > each.identity.attempt,
            ),
        );
        const touched = plan.steps.map(({ action }) =>
          'containerId' in action ? action.containerId : undefined,
        );
        for (const { id } of lastOfSlot) expect(touched).not.to.include(id);
      }),
      { numRuns: 1_000 },
    );
  });
});
