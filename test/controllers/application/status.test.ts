import { expect } from 'chai';
import { desiredOf } from '../../../src/controllers/application/desired.ts';
import { applicationStatus, unavailableStatus } from '../../../src/controllers/application/status.ts';
import type { ApplicationRecord, Condition } from '../../../src/store/store.ts';
import { manifest } from '../../store/records.ts';
import { ago, NOW } from './fixtures.ts';

function record(scaling: Record<string, unknown>, some: Partial<ApplicationRecord> = {}): ApplicationRecord {
  return {
    name: 'web',
    uid: 'uid-web',
    manifest: manifest('web', { scaling }),
    generation: 1,
    observedGeneration: 1,
    revision: 1,
    specHash: 'new',
    status: 'running',
    replicas: 0,
    desiredReplicas: 1,
    scaledReplicas: null,
    lastScaledAt: null,
    conditions: [],
    sourcePath: 'web.yaml',
    sourceRevision: null,
    deletionRequestedAt: null,
    target: null,
    rollout: null,
    rolloutPaused: false,
    retries: 0,
    stableRevision: null,
    createdAt: ago(100),
    updatedAt: ago(100),
    ...some,
  };
}

function conditionsOf(application: ApplicationRecord): Condition[] {
  const input = {
    instances: [],
    settled: true,
    trouble: null,
    pruneHeld: false,
    awaited: [],
    proposal: null,
  };
  return applicationStatus(application, { desired: desiredOf(application), ...input }, NOW).conditions;
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
