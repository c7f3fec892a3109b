import { expect } from 'chai';
import { judge, type Circumstances } from '../../../src/controllers/application/verdict.ts';
import type { View } from '../../../src/control/observer.ts';
import { holdKey, type Hold } from '../../../src/plan/hold.ts';
import { printPlan } from '../../../src/plan/plan.ts';
import { manifest } from '../../store/records.ts';
import { ago, container, NOW } from './fixtures.ts';

describe('judge', () => {
  const created = container({ state: 'created' });

  const refusals: [times: number, ready: boolean, steps: string[]][] = [
    [2, true, ['0 startContainer web-0-r2-1  (InstanceNotStarted: web-0-r2-1 was created and not started)']],
    [2, false, []],
    [
      3,
      false,
      [
        '0 resolveImage demo-web:1  (InstanceDied: web-0-r2-1 does not start: already exists)',
        '1 createContainer web-0-r2-2 after 0  (InstanceDied: web-0-r2-1 does not start: already exists)',
        '2 startContainer web-0-r2-2 after 1  (InstanceDied: web-0-r2-1 does not start: already exists)',
        '3 recordFailure web-0-r2-1 after 2  (InstanceDied: web-0-r2-1 does not start: already exists)',
        '4 removeContainer web-0-r2-1 after 3  (InstanceDied: web-0-r2-1 does not start: already exists)',
      ],
    ],
  ];
  for (const [failures, due, steps] of refusals) {
    const what = steps.length === 0 ? 'leaves alone' : steps.length > 1 ? 'replaces' : 'starts again';
    it(`${what} a container that was refused to start ${failures} times${due ? ', a while ago' : ''}`, () => {
      const hold: Hold = { failures, until: due ? ago(1) : ago(-1), error: new Error('already exists') };
      const key = holdKey({ kind: 'startContainer', instance: created.identity });
      const verdict = judge(viewOf(), circumstances(new Map([[key, hold]])), NOW);
      expect(printPlan(verdict.plan).split('\n').filter(Boolean)).to.deep.equal(steps);
    });
  }

  function viewOf(): View {
    return {
      name: 'web',
      application: {
        name: 'web',
        uid: 'uid-web',
        manifest: manifest('web', { scaling: { mode: 'manual', replicas: 1 } }),
        generation: 2,
        observedGeneration: 2,
        revision: 2,
        specHash: 'new',
        status: 'starting',
        replicas: 0,
        desiredReplicas: 1,
        scaledReplicas: null,
        lastScaledAt: null,
        conditions: [],
        target: null,
        rollout: null,
        rolloutPaused: false,
        retries: 0,
        stableRevision: null,
        sourcePath: 'web.yaml',
        sourceRevision: null,
        deletionRequestedAt: null,
        createdAt: ago(100),
        updatedAt: ago(100),
      },
      records: [],
      containers: [created],
      leftovers: [],
      orphans: [],
      operations: [],
      inHand: [],
      awaited: [],
    };
  }

  function circumstances(holds: Circumstances['holds']): Circumstances {
    return {
      networkExists: true,
      holds,
      pruneHeld: false,
      attend: () => ({ health: null, drainingSince: null }),
      stopped: new Set(),
      observing: false,
    };
  }
});
