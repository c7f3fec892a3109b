import { expect } from 'chai';
import { holdBack, nextHolds, type Hold } from '../../src/plan/hold.ts';
import type { Step } from '../../src/plan/plan.ts';
import type { Failure } from '../../src/store/failure.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const cause = { reason: 'InstanceMissing', message: 'none' } as const;
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);

const image: Step = {
  id: 0,
  after: [],
  action: { kind: 'resolveImage', image: 'shop:7', policy: 'IfNotPresent', revision: 1 },
  cause,
};
const instance = {
  name: 'shop-0-r1-1',
  app: 'shop',
  appUid: 'uid',
  index: 0,
  revision: 1,
  attempt: 1,
  restarts: 0,
  specHash: 'hash',
};
const start: Step = { id: 1, after: [0], action: { kind: 'startContainer', instance }, cause };
const other: Step = {
  id: 2,
  after: [],
  action: { kind: 'removeContainer', instance: { ...instance, name: 'shop-1-r1-1' }, containerId: 'id' },
  cause,
};
const plan = { app: 'shop', appUid: 'uid', steps: [image, start, other] };
const failed = { step: image, outcome: 'failed', error: new Error('no such image') } as const;

describe('holdBack', () => {
  it('leaves out a step that failed lately and those after it, and no other', () => {
    const holds = new Map<string, Hold>([
      ['resolveImage shop:7', { failures: 1, until: later(5), error: failed.error }],
    ]);
    const { plan: left, until } = holdBack(plan, holds, NOW);
    expect(left.steps).to.deep.equal([other]);
    expect(until).to.deep.equal(later(5));
  });

  it('does not prepare for what is held back', () => {
    const holds = new Map<string, Hold>([
      ['startContainer shop-0-r1-1', { failures: 1, until: later(5), error: new Error('no') }],
    ]);
    expect(holdBack(plan, holds, NOW).plan.steps).to.deep.equal([other]);
  });

  describe('the record of a failure', () => {
    const failure: Failure = {
      reason: 'Crashed',
      message: 'exited 1',
      failedAt: NOW,
      startedAt: null,
      exitCode: 1,
      oomKilled: false,
      probes: [],
    };
    const of = { instance, containerId: 'id' };
    const record: Step = { id: 2, after: [1], action: { kind: 'recordFailure', ...of, failure }, cause };
    const removal: Step = { id: 3, after: [2], action: { kind: 'removeContainer', ...of }, cause };
    const replacement = { ...plan, steps: [image, start, record, removal] };
    const failures = (count: number, until: Date) =>
      new Map<string, Hold>([['recordFailure shop-0-r1-1', { failures: count, until, error: failed.error }]]);

    it('holds up the removal, until it was tried three times', () => {
      const steps = (holds: Map<string, Hold>) => holdBack(replacement, holds, NOW).plan.steps;
      expect(steps(failures(2, later(5)))).to.deep.equal([image, start]);
      expect(steps(failures(2, NOW))).to.deep.equal([image, start, record, removal]);
      // What came before the record comes before the removal now.
      for (const until of [later(5), NOW])
        expect(steps(failures(3, until))).to.deep.equal([image, start, { ...removal, after: [1] }]);
    });

    it('is not made over and over for a removal that is held back', () => {
      const held = new Map([
        ['removeContainer shop-0-r1-1', { failures: 1, until: later(5), error: failed.error }],
      ]);
      expect(holdBack(replacement, held, NOW).plan.steps).to.deep.equal([image, start]);
    });
  });

  it('lets a step be tried again once its time has come', () => {
    const holds = new Map<string, Hold>([
      ['resolveImage shop:7', { failures: 1, until: NOW, error: failed.error }],
    ]);
    expect(holdBack(plan, holds, NOW)).to.deep.equal({ plan, until: null });
  });
});

describe('nextHolds', () => {
  it('doubles the wait with every failure in a row, up to five minutes for an image', () => {
    let holds = new Map<string, Hold>();
    const waits = Array.from({ length: 12 }, () => {
      holds = nextHolds(holds, [failed], NOW, () => 1);
      return ((holds.get('resolveImage shop:7')?.until.getTime() ?? 0) - NOW.getTime()) / 1_000;
    });
    expect(waits.slice(0, 4)).to.deep.equal([1, 2, 4, 8]);
    expect(waits.at(-1)).to.equal(300);
  });

  it('asks the engine itself again after half a minute at most', () => {
    const refused = { step: start, outcome: 'failed', error: new Error('no') } as const;
    let holds = new Map<string, Hold>();
    for (let times = 0; times < 12; times += 1) holds = nextHolds(holds, [refused], NOW, () => 1);
    expect(holds.get('startContainer shop-0-r1-1')?.until).to.deep.equal(later(30));
  });

  it('forgets the failures on success, and leaves what was skipped as it was', () => {
    const holds = nextHolds(new Map(), [failed], NOW, () => 1);
    const done = { step: image, outcome: 'done', containerId: null } as const;
    expect(nextHolds(holds, [{ step: image, outcome: 'skipped' }], NOW, () => 1)).to.deep.equal(holds);
    expect(nextHolds(holds, [done], NOW, () => 1)).to.deep.equal(new Map());
  });
});
