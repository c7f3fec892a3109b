import { expect } from 'chai';
import type { ObservedContainer } from '../../../src/engine/engine.ts';
import { desiredOf } from '../../../src/controllers/application/desired.ts';
import {
  applicationStatus,
  unavailableStatus,
  type StatusInput,
} from '../../../src/controllers/application/status.ts';
import type { Standing } from '../../../src/controllers/application/standing.ts';
import type { ApplicationRecord, Condition } from '../../../src/store/store.ts';
import type { HealthWord } from '../../../src/store/instance-health.ts';
import { applicationRecord } from '../../store/records.ts';
import { container, instances, NOW } from './fixtures.ts';

const record = (scaling: Record<string, unknown>, some: Partial<ApplicationRecord> = {}): ApplicationRecord =>
  applicationRecord('web', { root: { scaling }, specHash: 'new', ...some });

const NOTHING_AMISS: Standing = { source: { pruneHeld: false, rejection: null }, route: null };

function conditionsOf(application: ApplicationRecord, standing = NOTHING_AMISS): Condition[] {
  return applicationStatus(application, { ...input(standing), desired: desiredOf(application) }, NOW)
    .conditions;
}

function input(standing: Standing): Omit<StatusInput, 'desired'> {
  return { instances: [], settled: true, trouble: null, standing, awaited: [], proposal: null };
}

describe('the condition ScalingActive', () => {
  const said = (application: ApplicationRecord): string => {
    const condition = conditionsOf(application).find(({ type }) => type === 'ScalingActive');
    return condition ? `${condition.status} ${condition.reason}: ${condition.message}` : 'none';
  };
  const manual = { mode: 'manual', replicas: 3 };
  const bounds = { minReplicas: 2, maxReplicas: 7 };
  const suspended = (): ApplicationRecord => {
    const application = record(bounds);
    const { spec } = application.manifest;
    return { ...application, manifest: { ...application.manifest, spec: { ...spec, suspend: true } } };
  };

  const cases: [title: string, application: ApplicationRecord, statement: string][] = [
    ['the bounds in mode auto', record(bounds), 'True AutoScaling: within 2 to 7'],
    [
      'the same whatever the count is',
      record(bounds, { scaledReplicas: 5 }),
      'True AutoScaling: within 2 to 7',
    ],
    ['the count of the manifest', record(manual), 'False Manual: the manifest says 3'],
    [
      'the count that was set by hand',
      record(manual, { scaledReplicas: 5 }),
      'False ScaledByHand: scaled to 5 by hand; the manifest says 3',
    ],
    ['that the app is suspended', suspended(), 'False Suspended: its manifest suspends it'],
    [
      'that the app is being removed',
      record(bounds, { deletionRequestedAt: NOW }),
      'False BeingRemoved: its manifest is gone',
    ],
  ];
  for (const [title, application, statement] of cases)
    it(`tells ${title}`, () => expect(said(application)).to.equal(statement));

  it('stays while the engine does not answer, for it is not of the engine', () => {
    const before = record(bounds, { conditions: conditionsOf(record(bounds)) });
    const status = unavailableStatus(before, new Error('no answer'), NOW);
    expect(status?.conditions.map(({ type, status: word }) => `${type} ${word}`)).to.deep.equal([
      'Ready Unknown',
      'Progressing Unknown',
      'Synced True',
      'ScalingActive True',
    ]);
  });
});

describe('the conditions of what the source and the ingress say', () => {
  const said = (application: ApplicationRecord, standing: Standing, type: Condition['type']): string[] =>
    conditionsOf(application, standing)
      .filter((condition) => condition.type === type)
      .map(({ status, reason, message }) => `${status} ${reason}: ${message}`);
  const source = { pruneHeld: false, rejection: null };
  const target = (revision: number) => ({ revision, manifest: record({}).manifest, specHash: 'old' });
  const taken = { accepted: false, reason: 'RouteTaken', message: 'shop has it', service: null };
  const accepted = { accepted: true, reason: 'Accepted', message: 'web.localhost/', service: null };
  const down = { serving: false, reason: 'PortTaken', message: 'somebody listens at 8080' };

  it('tell that a manifest is rejected, and which generation is kept', () => {
    const standing = { source: { ...source, rejection: 'web.yaml:4 unknown field "imge"' }, route: null };
    expect(said(record({}), standing, 'Synced')).to.deep.equal([
      'False ManifestRejected: its manifest is rejected, generation 1 is kept: web.yaml:4 unknown field "imge"',
    ]);
  });

  it('tell where an app is routed, why it is not, and nothing of an app without a route', () => {
    expect(said(record({}), { source, route: accepted }, 'RouteAccepted')).to.deep.equal([
      'True Accepted: web.localhost/',
    ]);
    expect(said(record({}), { source, route: taken }, 'RouteAccepted')).to.deep.equal([
      'False RouteTaken: shop has it',
    ]);
    expect(said(record({}), { source, route: null }, 'RouteAccepted')).to.deep.equal([]);
  });

  it('tell whether what is accepted is served, once that is known', () => {
    const served = (route: Standing['route'], before: readonly Condition[] = []): string[] =>
      said(record({}, { conditions: [...before] }), { source, route }, 'RouteServed');
    const before = conditionsOf(record({}), { source, route: { ...accepted, service: down } });
    const told = ['False PortTaken: somebody listens at 8080'];
    expect(served(accepted)).to.deep.equal([]);
    expect(served({ ...accepted, service: down })).to.deep.equal(told);
    expect(served({ ...taken, service: down })).to.deep.equal([]);
    expect(served(accepted, before)).to.deep.equal(told);
    expect(served({ ...accepted, service: { ...down, serving: true } }, before)).to.deep.equal([
      'True PortTaken: somebody listens at 8080',
    ]);
    expect(served(null, before)).to.deep.equal([]);
  });

  it('name a revision that is kept before a rejected manifest, for whoever waits for it, and the latter besides', () => {
    const pinned = record({}, { revision: 2, target: { ...target(1), reason: 'Pinned' } });
    const standing = { source: { ...source, rejection: 'web.yaml:4 no' }, route: null };
    const told = 'False Pinned: pinned to 1; the manifest wants 2';
    expect(said(pinned, standing, 'Synced')).to.deep.equal([
      `${told}; its manifest is rejected, generation 1 is kept: web.yaml:4 no`,
    ]);
    expect(said(pinned, { source: undefined, route: null }, 'Synced')).to.deep.equal([told]);
  });

  it('stay as they were until either has been heard', () => {
    const route = { ...accepted, service: down };
    const standing = { source: { ...source, rejection: 'web.yaml:4 no' }, route };
    const before = record({}, { conditions: conditionsOf(record({}), standing) });
    const unheard = { source: undefined, route: undefined };
    for (const type of ['Synced', 'RouteAccepted', 'RouteServed'] as const) {
      expect(said(before, unheard, type)).to.have.length(1);
      expect(said(before, unheard, type)).to.deep.equal(said(before, standing, type));
    }
  });
});

describe('the condition Healthy', () => {
  const said = (...health: HealthWord[]): string | undefined => {
    const application = applicationRecord('web', {
      root: { scaling: { mode: 'manual', replicas: 2 }, healthCheck: { path: '/health' } },
      specHash: 'new',
    });
    const containers = health.map((_, index) => container({ index }));
    const sketches = Object.fromEntries(
      containers.map(({ name }, index) => [name, { health: health[index] ?? 'starting' }]),
    );
    const given = {
      ...input(NOTHING_AMISS),
      desired: desiredOf(application),
      instances: instances(containers, [], sketches),
    };
    const { conditions } = applicationStatus(application, given, NOW);
    const healthy = conditions.find(({ type }) => type === 'Healthy');
    return healthy && `${healthy.status} ${healthy.reason}`;
  };

  it('is not known before an instance has passed the check', () => {
    expect(said('starting', 'starting')).to.equal('Unknown NonePassed');
  });

  it('is true when an instance passes and none fails, false when one fails', () => {
    expect(said('healthy', 'starting')).to.equal('True NoneUnhealthy');
    expect(said('healthy', 'unhealthy')).to.equal('False Unhealthy');
  });
});

describe('the word of an application', () => {
  const running = (index: number, spec: 'new' | 'old' = 'new'): ObservedContainer =>
    container({ index, spec });
  const said = (containers: readonly ObservedContainer[], settled: boolean): string => {
    const application = record({ mode: 'manual', replicas: 2 }, { specHash: 'new', revision: 2 });
    const { status, conditions } = applicationStatus(
      application,
      { ...input(NOTHING_AMISS), desired: desiredOf(application), instances: instances(containers), settled },
      NOW,
    );
    const ready = conditions.find(({ type }) => type === 'Ready');
    return `${status}, ${ready?.reason}: ${ready?.message}`;
  };

  const cases: [when: string, containers: ObservedContainer[], settled: boolean, said: string][] = [
    ['too few are ready', [running(0)], false, 'starting, NotAllReady: 1 of 2 ready'],
    ['all are', [running(0), running(1)], true, 'running, AllReady: 2 of 2 ready'],
    [
      'one is too many',
      [running(0), running(1), running(2)],
      false,
      'running, Settling: 3 of 2 ready, and something is still to be done',
    ],
    [
      'others serve an earlier revision',
      [running(0), running(1, 'old')],
      false,
      'updating, NotAllReady: 1 of 2 ready in revision 2',
    ],
  ];
  for (const [when, containers, settled, words] of cases)
    it(`is told when ${when}`, () => expect(said(containers, settled)).to.equal(words));
});
