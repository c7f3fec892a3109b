import { expect } from 'chai';
import { planApplication } from '../../../src/controllers/application/plan.ts';
import type { Desired } from '../../../src/controllers/application/desired.ts';
import type { Instance } from '../../../src/controllers/application/instance.ts';
import { printPlan } from '../../../src/plan/plan.ts';
import { ago, container, desired, instances, NOW, record } from './fixtures.ts';

function planOf(wanted: Desired, observed: readonly Instance[], networkExists = true): string[] {
  const { plan } = planApplication(wanted, observed, networkExists, NOW);
  return printPlan(plan).split('\n').filter(Boolean);
}

const threeReady = [0, 1, 2].map((index) => container({ index }));

describe('planApplication', () => {
  it('does nothing when every index is filled by a running instance of the present spec', () => {
    const decision = planApplication(desired(), instances(threeReady), true, NOW);
    expect(printPlan(decision.plan)).to.equal('');
    expect(decision.wakeAt).to.equal(null);
  });

  it('makes the network and the image sure once, then creates and starts every missing instance', () => {
    expect(planOf(desired({ replicas: 2 }), [], false)).to.deep.equal([
      '0 createNetwork network  (InstanceMissing: no instance fills index 0)',
      '1 resolveImage demo-web:1  (InstanceMissing: no instance fills index 0)',
      '2 createContainer web-0-r2-1 after 0, 1  (InstanceMissing: no instance fills index 0)',
      '3 startContainer web-0-r2-1 after 2  (InstanceMissing: no instance fills index 0)',
      '4 createContainer web-1-r2-1 after 0, 1  (InstanceMissing: no instance fills index 1)',
      '5 startContainer web-1-r2-1 after 4  (InstanceMissing: no instance fills index 1)',
    ]);
  });

  it('fills the lowest free index when scaling out', () => {
    const observed = instances([container({ index: 0 }), container({ index: 2 })]);
    expect(planOf(desired(), observed)[1]).to.contain('createContainer web-1-r2-1');
  });

  it('removes the highest index first when scaling in, with the grace of the manifest', () => {
    const { plan } = planApplication(desired({ replicas: 1 }), instances(threeReady), true, NOW);
    expect(printPlan(plan).split('\n')).to.deep.equal([
      '0 drainInstance web-2-r2-1  (ScaledIn: 1 wanted)',
      '1 stopContainer web-2-r2-1 after 0  (ScaledIn: 1 wanted)',
      '2 removeContainer web-2-r2-1 after 1  (ScaledIn: 1 wanted)',
      '3 drainInstance web-1-r2-1  (ScaledIn: 1 wanted)',
      '4 stopContainer web-1-r2-1 after 3  (ScaledIn: 1 wanted)',
      '5 removeContainer web-1-r2-1 after 4  (ScaledIn: 1 wanted)',
    ]);
    expect(plan.steps[1]?.action).to.include({ graceSeconds: 10 });
  });

  it('removes everything of a deleted application, dead or alive', () => {
    const observed = instances([
      container({ index: 0 }),
      container({ index: 1, state: 'exited', exitCode: 1 }),
    ]);
    expect(planOf(desired({ replicas: 0, deleted: true }), observed)).to.deep.equal([
      '0 recordFailure web-1-r2-1  (Deleted: its manifest is gone)',
      '1 removeContainer web-1-r2-1 after 0  (Deleted: its manifest is gone)',
      '2 drainInstance web-0-r2-1  (Deleted: its manifest is gone)',
      '3 stopContainer web-0-r2-1 after 2  (Deleted: its manifest is gone)',
      '4 removeContainer web-0-r2-1 after 3  (Deleted: its manifest is gone)',
    ]);
  });

  it('starts the replacement of a crashed instance before it clears the dead one away', () => {
    const dead = container({ state: 'exited', exitCode: 137, finished: ago(0) });
    expect(planOf(desired({ replicas: 1 }), instances([dead]))).to.deep.equal([
      '0 resolveImage demo-web:1  (InstanceDied: web-0-r2-1 was ended by SIGKILL, not by AutoServe)',
      '1 createContainer web-0-r2-2 after 0  (InstanceDied: web-0-r2-1 was ended by SIGKILL, not by AutoServe)',
      '2 startContainer web-0-r2-2 after 1  (InstanceDied: web-0-r2-1 was ended by SIGKILL, not by AutoServe)',
      '3 recordFailure web-0-r2-1 after 2  (InstanceDied: web-0-r2-1 was ended by SIGKILL, not by AutoServe)',
      '4 removeContainer web-0-r2-1 after 3  (InstanceDied: web-0-r2-1 was ended by SIGKILL, not by AutoServe)',
    ]);
  });

  it('replaces what was paused, renamed or disconnected, and says that it was not AutoServe', () => {
    const drifted = {
      paused: container({ state: 'paused' }),
      renamed: container({ renamed: 'mine' }),
      disconnected: container({ ip: null }),
    };
    const findings = Object.values(drifted).map((drift) => {
      const lines = planOf(desired({ replicas: 1 }), instances([drift]));
      expect(lines.map((line) => line.split(' ')[1])).to.deep.equal([
        'resolveImage',
        'createContainer',
        'stopContainer',
        'startContainer',
        'removeContainer',
      ]);
      return lines[0]?.replace('0 resolveImage demo-web:1  ', '');
    });
    expect(findings).to.deep.equal([
      '(InstanceDrifted: web-0-r2-1 was paused, not by AutoServe)',
      '(InstanceDrifted: web-0-r2-1 was renamed to mine, not by AutoServe)',
      '(InstanceDrifted: web-0-r2-1 was disconnected from its network, not by AutoServe)',
    ]);
  });

  it('replaces an instance whose container somebody removed, with the next attempt', () => {
    const lost = record({ containerId: 'gone', status: 'running' });
    expect(planOf(desired({ replicas: 1 }), instances([], [lost]))[1]).to.equal(
      '1 createContainer web-0-r2-2 after 0  (InstanceDied: web-0-r2-1 was removed, not by AutoServe)',
    );
  });

  it('creates an instance again under the same name when its creation was never confirmed', () => {
    expect(planOf(desired({ replicas: 1 }), instances([], [record({})]))[1]).to.contain(
      'createContainer web-0-r2-1',
    );
  });

  it('takes the next attempt when somebody else holds the name', () => {
    const refused = record({ status: 'error' });
    expect(planOf(desired({ replicas: 1 }), instances([], [refused]))[1]).to.contain(
      'createContainer web-0-r2-2',
    );
  });

  it('starts a container that was created and never started', () => {
    expect(planOf(desired({ replicas: 1 }), instances([container({ state: 'created' })]))).to.deep.equal([
      '0 startContainer web-0-r2-1  (InstanceNotStarted: web-0-r2-1 was created and not started)',
    ]);
  });

  describe('crash loops', () => {
    const crashed = (restarts: number, lived: number, since: number) =>
      container({
        attempt: restarts + 1,
        restarts,
        state: 'exited',
        exitCode: 1,
        started: ago(since + lived),
        finished: ago(since),
      });

    it('waits 1 s × 2ⁿ from the end of the instance, after the first replacement at once', () => {
      for (const [restarts, delay] of [
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 4],
        [9, 256],
        [10, 300],
        [50, 300],
      ] as const) {
        const dead = crashed(restarts, 1, 0);
        const decision = planApplication(desired({ replicas: 1 }), instances([dead]), true, NOW);
        if (delay === 0) expect(decision.plan.steps).to.have.length(5);
        else {
          expect(decision.plan.steps, `${restarts} restarts`).to.have.length(0);
          expect(decision.wakeAt).to.deep.equal(ago(-delay));
        }
      }
    });

    it('counts the crashes on the replacement', () => {
      const { plan } = planApplication(desired({ replicas: 1 }), instances([crashed(3, 1, 10)]), true, NOW);
      const [, create] = plan.steps;
      expect(create?.action.kind === 'createContainer' && create.action.container.identity).to.include({
        attempt: 5,
        restarts: 4,
      });
    });

    it('forgives after ten minutes of life', () => {
      const { plan } = planApplication(desired({ replicas: 1 }), instances([crashed(7, 600, 0)]), true, NOW);
      const [, create] = plan.steps;
      expect(create?.action.kind === 'createContainer' && create.action.container.identity.restarts).to.equal(
        1,
      );
    });
  });

  describe('restart policies', () => {
    const ended = (exitCode: number) =>
      instances([container({ state: 'exited', exitCode, finished: ago(9) })]);
    for (const [policy, exitCode, replaced] of [
      ['Always', 0, true],
      ['Always', 1, true],
      ['OnFailure', 0, false],
      ['OnFailure', 1, true],
      ['Never', 0, false],
      ['Never', 1, false],
    ] as const)
      it(`${policy} ${replaced ? 'replaces' : 'leaves'} an instance that exited ${exitCode}`, () => {
        const lines = planOf(desired({ replicas: 1 }, { restartPolicy: policy }), ended(exitCode));
        expect(lines.length > 0).to.equal(replaced);
      });
  });
});
