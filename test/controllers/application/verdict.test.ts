import { expect } from 'chai';
import { judge, type Circumstances, type Verdict } from '../../../src/controllers/application/verdict.ts';
import type { View } from '../../../src/control/observer.ts';
import { targetOf, type ActionKind } from '../../../src/plan/action.ts';
import { holdKey, type Hold } from '../../../src/plan/hold.ts';
import { printPlan } from '../../../src/plan/plan.ts';
import type { NewOperation } from '../../../src/store/store.ts';
import { manifest } from '../../store/records.ts';
import { ago, container, NOW, record } from './fixtures.ts';

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

  describe('with operations in hand', () => {
    const inHand = (kind: ActionKind, target: string, appUid = 'uid-web'): NewOperation => {
      const cause = 'InstanceMissing: no instance fills index 0';
      return { id: `${kind} ${target}`, appName: 'web', appUid, kind, target, containerId: null, cause };
    };
    const intended = record({});
    const nothing: Partial<View> = { containers: [], records: [intended] };

    it('is not held up by those of a deleted application of the same name', () => {
      const stepsWith = (...operations: NewOperation[]): string[] => {
        const { plan } = judge(viewOf({ ...nothing, inHand: operations }), circumstances(), NOW);
        return plan.steps.map(({ action }) => `${action.kind} ${targetOf(action)}`);
      };
      for (const kind of ['createContainer', 'startContainer', 'removeContainer'] as const) {
        expect(stepsWith(inHand(kind, intended.containerName))).to.deep.equal([]);
        expect(stepsWith(inHand(kind, intended.containerName, 'uid-deleted'))).to.deep.equal([
          'resolveImage demo-web:1',
          'createContainer web-0-r2-1',
          'startContainer web-0-r2-1',
        ]);
      }
    });

    it('forgets a deleted application, and the row of its instance, only when its creation has ended', () => {
      const deletion = { ...nothing, deletionRequestedAt: ago(1) };
      const rowOf = ({ instances }: Verdict) => instances.find(({ removedAt }) => removedAt !== null);
      const creation = inHand('createContainer', intended.containerName);
      const during = judge(viewOf({ ...deletion, inHand: [creation] }), circumstances(), NOW);
      expect([during.deletable, rowOf(during)]).to.deep.equal([null, undefined]);
      const after = judge(viewOf(deletion), circumstances(), NOW);
      expect([after.deletable?.uid, rowOf(after)?.containerName]).to.deep.equal(['uid-web', 'web-0-r2-1']);
    });

    it('says what failed also while it is tried again', () => {
      const holds = new Map([
        ['resolveImage demo-web:1', { failures: 1, until: ago(1), error: new Error('no') }],
      ]);
      const pull = [
        inHand('resolveImage', 'demo-web:1'),
        inHand('createContainer', intended.containerName),
        inHand('startContainer', intended.containerName),
      ];
      const { application } = judge(viewOf({ ...nothing, inHand: pull }), circumstances(holds), NOW);
      expect(application?.status).to.equal('error');
    });
  });

  describe('where requests go', () => {
    const membersOf = (manifestPort: number, changes: Partial<View>): (number | null)[] => {
      const spec = { image: 'demo-web:1', ports: [{ containerPort: manifestPort }] };
      const view = viewOf(changes);
      if (view.application) view.application.manifest = manifest('web', { spec });
      const members = judge(view, circumstances(), NOW).entry?.members ?? [];
      return members.map(({ port }) => port);
    };
    const former = container({ spec: 'old', index: 1 });
    const formerRow = record({ spec: 'old', index: 1, containerId: former.id });

    it('is the port of the instance’s own spec while a rollout replaces it', () => {
      const containers = [container(), former];
      expect(membersOf(9090, { containers, records: [{ ...formerRow, port: 8080 }] })).to.deep.equal([
        9090, 8080,
      ]);
    });

    it('is taken for the present one of an instance of a former spec that nobody remembers', () => {
      expect(membersOf(9090, { containers: [former], records: [] })).to.deep.equal([9090]);
    });
  });

  function viewOf({
    deletionRequestedAt = null,
    ...changes
  }: Partial<View> & { deletionRequestedAt?: Date | null } = {}): View {
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
        deletionRequestedAt,
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
      ...changes,
    };
  }

  function circumstances(holds: Circumstances['holds'] = new Map()): Circumstances {
    return {
      networkExists: true,
      holds,
      standing: { source: { pruneHeld: false, rejection: null }, route: null },
      attend: () => ({ health: null, drainingSince: null }),
      stopped: new Set(),
      observing: false,
    };
  }
});
