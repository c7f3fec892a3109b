import { expect } from 'chai';
import { planApplication } from '../../../src/controllers/application/plan.ts';
import type { Desired } from '../../../src/controllers/application/desired.ts';
import { isReady, type Instance } from '../../../src/controllers/application/instance.ts';
import type { ActionKind } from '../../../src/plan/action.ts';
import { printPlan } from '../../../src/plan/plan.ts';
import { ago, container, desired, instances, NOW, record } from './fixtures.ts';

function planOf(wanted: Desired, observed: readonly Instance[], networkExists = true): string[] {
  const { plan } = planApplication(wanted, observed, networkExists, NOW);
  return printPlan(plan).split('\n').filter(Boolean);
}

describe('planApplication, of a rollout', () => {
  describe('a changed spec', () => {
    const old = [0, 1, 2].map((index) => container({ index, spec: 'old' }));
    const brief = (wanted: Desired, observed: readonly Instance[]): string[] =>
      planOf(wanted, observed).map((line) => line.split('  ')[0] ?? '');
    const within = (surge: number, unavailable: number): Desired =>
      desired({ budget: { surge, unavailable } });

    it('makes as many successors as the surge allows and touches nothing old before they are ready', () => {
      expect(brief(within(2, 0), instances(old))).to.deep.equal([
        '0 resolveImage demo-web:1',
        '1 createContainer web-0-r2-1 after 0',
        '2 startContainer web-0-r2-1 after 1',
        '3 createContainer web-1-r2-1 after 0',
        '4 startContainer web-1-r2-1 after 3',
      ]);
    });

    it('removes as many old ones as there are ready ones to spare', () => {
      const ready = container({ index: 0 });
      expect(brief(within(1, 0), instances([ready, ...old]))).to.deep.equal([
        '0 drainInstance web-0-r1-1',
        '1 stopContainer web-0-r1-1 after 0',
        '2 removeContainer web-0-r1-1 after 1',
      ]);
      const fresh = container({ index: 0, started: ago(0.5) });
      const decision = planApplication(within(1, 0), instances([fresh, ...old]), true, NOW);
      expect(decision.plan.steps).to.have.length(0);
      expect(decision.settled).to.equal(false);
      expect(decision.wakeAt).to.deep.equal(ago(-0.5));
    });

    it('makes room first where nothing may surge, once the image is there', () => {
      expect(brief(within(0, 1), instances(old))).to.deep.equal([
        '0 resolveImage demo-web:1',
        '1 drainInstance web-0-r1-1 after 0',
        '2 stopContainer web-0-r1-1 after 1',
        '3 removeContainer web-0-r1-1 after 2',
      ]);
    });

    it('replaces an unhealthy old instance before the healthy ones, at no cost', () => {
      const observed = instances(old, [], {
        'web-0-r1-1': { health: 'healthy' },
        'web-1-r1-1': { health: 'healthy' },
        'web-2-r1-1': { health: 'unhealthy' },
      });
      expect(brief(within(1, 0), observed)).to.deep.equal([
        '0 resolveImage demo-web:1',
        '1 createContainer web-2-r2-1 after 0',
        '2 startContainer web-2-r2-1 after 1',
        '3 stopContainer web-2-r1-1 after 0',
        '4 recordFailure web-2-r1-1 after 3',
        '5 removeContainer web-2-r1-1 after 4',
      ]);
    });

    it('counts a successor only when it has been ready for minReadySeconds', () => {
      const { strategy } = desired().manifest.spec;
      const patient = desired({}, { strategy: { ...strategy, minReadySeconds: 120 } });
      expect(brief(patient, instances([container({ index: 0 }), ...old]))).to.deep.equal([]);
    });

    it('removes everything old before it makes anything new when the strategy is Recreate', () => {
      const { strategy } = desired().manifest.spec;
      const recreate = desired(
        { budget: { surge: 0, unavailable: 3 } },
        { strategy: { ...strategy, type: 'Recreate' } },
      );
      expect(brief(recreate, instances(old)).map((line) => line.split(' ')[1])).to.deep.equal([
        'resolveImage',
        ...old.flatMap(() => ['drainInstance', 'stopContainer', 'removeContainer']),
      ]);
      expect(brief(recreate, instances([]))).to.have.length(7);
    });

    it('replaces nothing more while it is paused, and still what dies', () => {
      const paused = desired({ paused: true });
      expect(brief(paused, instances(old))).to.deep.equal([]);
      const dead = container({ index: 0, spec: 'old', state: 'exited', exitCode: 1 });
      expect(brief(paused, instances([dead, ...old.slice(1)]))[1]).to.contain('createContainer web-0-r2-1');
    });

    it('replaces a dead instance of the old spec by one of the new at once', () => {
      const observed = [container({ index: 0, spec: 'old', state: 'exited', exitCode: 1 }), ...old.slice(1)];
      expect(planOf(desired(), instances(observed))[1]).to.equal(
        '1 createContainer web-0-r2-1 after 0  (InstanceDied: web-0-r1-1 exited 1)',
      );
    });
  });

  describe('draining', () => {
    const drained = desired({ replicas: 1 }, { termination: { drainSeconds: 5, gracePeriodSeconds: 10 } });

    it('takes an instance out of service before it is stopped, for drainSeconds', () => {
      const two = [container({ index: 0 }), container({ index: 1 })];
      const first = planApplication(drained, instances(two), true, NOW);
      expect(printPlan(first.plan)).to.equal('0 drainInstance web-1-r2-1  (ScaledIn: 1 wanted)');
      expect(first.wakeAt).to.deep.equal(ago(-5));
      const early = planApplication(
        drained,
        instances(two, [], { 'web-1-r2-1': { draining: ago(4) } }),
        true,
        NOW,
      );
      expect({ ...early, plan: printPlan(early.plan) }).to.deep.equal({
        plan: '',
        wakeAt: ago(-1),
        settled: false,
      });
      expect(planOf(drained, instances(two, [], { 'web-1-r2-1': { draining: ago(5) } }))).to.deep.equal([
        '0 stopContainer web-1-r2-1  (ScaledIn: 1 wanted)',
        '1 removeContainer web-1-r2-1 after 0  (ScaledIn: 1 wanted)',
      ]);
    });

    it('takes an instance back into service that is wanted again', () => {
      const again = instances([container()], [], { 'web-0-r2-1': { draining: ago(2) } });
      expect(planOf(drained, again)).to.deep.equal([
        '0 undrainInstance web-0-r2-1  (InstanceMissing: web-0-r2-1 is wanted again)',
      ]);
    });

    it('counts what is taken back into service, so that nothing more is started than there may be', () => {
      const two = desired({ replicas: 2, budget: { surge: 0, unavailable: 1 } });
      const both = [container(), container({ index: 1, spec: 'old' })];
      const observed = instances(both, [], { 'web-0-r2-1': { draining: ago(2) } });
      expect(planOf(two, observed).filter((line) => line.includes('startContainer'))).to.deep.equal([]);
    });
  });

  describe('unhealthy instances', () => {
    const sick = (names: string[]): Instance[] =>
      instances(
        [0, 1, 2].map((index) => container({ index })),
        [],
        Object.fromEntries(
          [0, 1, 2].map((index) => {
            const name = `web-${index}-r2-1`;
            return [name, { health: names.includes(name) ? ('unhealthy' as const) : ('healthy' as const) }];
          }),
        ),
      );

    it('are replaced, the successor made before they stop', () => {
      expect(planOf(desired(), sick(['web-1-r2-1'])).map((line) => line.split('  ')[0])).to.deep.equal([
        '0 resolveImage demo-web:1',
        '1 createContainer web-1-r2-2 after 0',
        '2 stopContainer web-1-r2-1 after 1',
        '3 startContainer web-1-r2-2 after 1, 2',
        '4 recordFailure web-1-r2-1 after 3',
        '5 removeContainer web-1-r2-1 after 4',
      ]);
    });

    it('are never replaced all at once', () => {
      const all = ['web-0-r2-1', 'web-1-r2-1', 'web-2-r2-1'];
      const created = planOf(desired(), sick(all)).filter((line) => line.includes('createContainer'));
      expect(created).to.have.length(1);
    });

    it('go without a successor where there are too many processes, first where an old one serves', () => {
      const crowd = [container(), container({ index: 1 }), container({ index: 0, spec: 'old' })];
      const observed = instances(crowd, [], {
        'web-0-r2-1': { health: 'unhealthy' },
        'web-1-r2-1': { health: 'unhealthy' },
        'web-0-r1-1': { health: 'healthy' },
      });
      const two = desired({ replicas: 2, budget: { surge: 0, unavailable: 1 } });
      const lines = planOf(two, observed).map((line) => line.split('  ')[0]?.replace(/^\d+ /, ''));
      expect(lines).to.deep.equal([
        'stopContainer web-0-r2-1',
        'recordFailure web-0-r2-1 after 0',
        'removeContainer web-0-r2-1 after 1',
        'resolveImage demo-web:1',
        'createContainer web-1-r2-2 after 3',
        'stopContainer web-1-r2-1 after 4',
        'startContainer web-1-r2-2 after 4, 5',
        'recordFailure web-1-r2-1 after 6',
        'removeContainer web-1-r2-1 after 7',
      ]);
    });
  });

  describe('what is in hand', () => {
    const old = [0, 1, 2].map((index) => container({ index, spec: 'old' }));
    const drain: ActionKind[] = ['drainInstance', 'stopContainer', 'removeContainer'];

    it('is not planned again', () => {
      const ended = container({ index: 1, state: 'exited', exitCode: 1 });
      const observed = instances([container({ index: 0 }), ended], [record({ index: 1, attempt: 2 })], {
        [ended.name]: { inHand: ['removeContainer'] },
        'web-1-r2-2': { inHand: ['createContainer', 'startContainer'] },
      });
      const decision = planApplication(desired({ replicas: 2 }), observed, true, NOW);
      expect(printPlan(decision.plan)).to.equal('');
      expect(decision.settled).to.equal(false);
    });

    it('takes the room of what it starts, seen or not', () => {
      const coming = record({ index: 1 });
      const observed = instances(old, [coming], {
        [coming.containerName]: { inHand: ['createContainer', 'startContainer'] },
      });
      expect(planOf(desired(), observed)).to.deep.equal([]);
    });

    it('frees the room of what it stops at once, so that a slow end delays nobody', () => {
      const observed = instances([...old, container({ index: 0 })], [], {
        'web-0-r1-1': { inHand: ['stopContainer', 'removeContainer'] },
      });
      expect(planOf(desired(), observed).map((line) => line.split('  ')[0])).to.deep.equal([
        '0 resolveImage demo-web:1',
        '1 createContainer web-1-r2-1 after 0',
        '2 startContainer web-1-r2-1 after 1',
      ]);
    });

    for (const [type, surge, unavailable] of [
      ['RollingUpdate', 0, 1],
      ['Recreate', 0, 3],
    ] as const)
      it(`frees no room and serves on as long as it is not drained, with ${type}`, () => {
        const strategy = { ...desired().manifest.spec.strategy, type };
        const goal = desired({ budget: { surge, unavailable } }, { strategy });
        const leaving = old.slice(0, unavailable).map(({ name }) => [name, { inHand: drain }] as const);
        const observed = instances(old, [], Object.fromEntries(leaving));
        expect(planOf(goal, observed)).to.deep.equal([]);
        expect(observed.every((instance) => isReady(instance, NOW))).to.equal(true);
      });

    it('takes the room of what is being taken back into service', () => {
      const two = desired({ replicas: 2, budget: { surge: 0, unavailable: 1 } });
      const both = [container(), container({ index: 1, spec: 'old' })];
      const observed = instances(both, [], {
        'web-0-r2-1': { draining: ago(2), inHand: ['undrainInstance'] },
      });
      expect(planOf(two, observed)).to.deep.equal([]);
    });

    it('has Recreate wait for the end of what still starts of an older spec', () => {
      const strategy = { ...desired().manifest.spec.strategy, type: 'Recreate' as const };
      const goal = desired({ replicas: 2, budget: { surge: 0, unavailable: 2 } }, { strategy });
      const late = container({ spec: 'old', state: 'created' });
      const observed = instances([late], [], { [late.name]: { inHand: ['startContainer'] } });
      expect(planOf(goal, observed)).to.deep.equal([]);
    });

    it('is no longer counted on when it is about to be stopped, so that not too many are', () => {
      const observed = instances([...old, container({ index: 0 }), container({ index: 1 })], [], {
        'web-2-r1-1': { inHand: ['stopContainer', 'removeContainer'] },
      });
      const stops = planOf(desired(), observed).filter((line) => line.includes('stopContainer'));
      expect(stops).to.have.length(1);
      expect(stops[0]).to.include('web-0-r1-1');
    });

    it('counts when unhealthy ones are replaced, a few at a time', () => {
      const all = [0, 1, 2].map((index) => container({ index }));
      const observed = instances(all, [record({ index: 0, attempt: 2 })], {
        'web-0-r2-1': { health: 'unhealthy', inHand: ['stopContainer', 'removeContainer'] },
        'web-0-r2-2': { inHand: ['createContainer', 'startContainer'] },
        'web-1-r2-1': { health: 'unhealthy' },
        'web-2-r2-1': { health: 'unhealthy' },
      });
      expect(planOf(desired(), observed)).to.deep.equal([]);
    });
  });
});
