import { expect } from 'chai';
import type { Entry } from '../../src/source/listing.ts';
import {
  GONE_QUIET_MS,
  LONGEST_WAIT_MS,
  observeChanges,
  RENAMED_QUIET_MS,
  settle,
  WRITTEN_QUIET_MS,
  type Change,
  type Hint,
} from '../../src/source/settle.ts';

const NOW = 1_000_000;
const LONG_AGO = NOW - 60_000;

const entry = (key: string, more: Partial<Entry> = {}): Entry => ({
  path: 'web.yaml',
  realPath: '/manifests/web.yaml',
  key,
  size: 100,
  modifiedMs: NOW,
  error: null,
  ...more,
});

const change = (more: Partial<Change> = {}): Change => ({
  path: 'web.yaml',
  entry: entry('new'),
  since: NOW,
  first: NOW,
  ...more,
});

const waitOf = (changed: Change, hint?: Hint): number =>
  settle([changed], new Map(hint ? [['/manifests/web.yaml', hint]] : []), NOW).waitMs;

describe('settle', () => {
  const rows: { says: string; change: Change; hint?: Hint; waits: number }[] = [
    {
      says: 'a file renamed into place waits only for others renamed with it',
      change: change(),
      hint: { renamedAt: NOW - 5, writtenAt: null },
      waits: RENAMED_QUIET_MS - 5,
    },
    {
      says: 'a file renamed into place is handed out after that',
      change: change(),
      hint: { renamedAt: NOW - RENAMED_QUIET_MS, writtenAt: null },
      waits: 0,
    },
    {
      says: 'a file that appeared empty is still to be written',
      change: change({ entry: entry('new', { size: 0 }) }),
      hint: { renamedAt: NOW - RENAMED_QUIET_MS, writtenAt: null },
      waits: WRITTEN_QUIET_MS,
    },
    {
      says: 'a file that is written waits until it has been quiet, however old it says it is',
      change: change({ entry: entry('new', { modifiedMs: LONG_AGO }), since: NOW - 300 }),
      hint: { renamedAt: NOW - 400, writtenAt: NOW - 100 },
      waits: WRITTEN_QUIET_MS - 100,
    },
    {
      says: 'an old file that nothing was heard of is whole',
      change: change({ entry: entry('new', { modifiedMs: LONG_AGO }) }),
      waits: 0,
    },
    {
      says: 'a file just modified that nothing was heard of waits from its modification',
      change: change({ entry: entry('new', { modifiedMs: NOW - 50 }) }),
      waits: WRITTEN_QUIET_MS - 50,
    },
    {
      says: 'a file from the future waits from when it was seen',
      change: change({ entry: entry('new', { modifiedMs: NOW + 9999 }), since: NOW - 50 }),
      waits: WRITTEN_QUIET_MS - 50,
    },
    {
      says: 'a file that is gone may return',
      change: change({ entry: null, since: NOW - 100 }),
      waits: GONE_QUIET_MS - 100,
    },
    { says: 'a file that stays away is gone', change: change({ entry: null, since: LONG_AGO }), waits: 0 },
  ];
  for (const row of rows) {
    it(row.says, () => expect(waitOf(row.change, row.hint)).to.equal(row.waits));
  }

  it('hands changes out together, so that a moved manifest is one change', () => {
    const moved = settle(
      [
        change({ path: 'old.yaml', entry: null }),
        change({ path: 'new.yaml', entry: entry('x', { modifiedMs: LONG_AGO }) }),
      ],
      new Map(),
      NOW,
    );
    expect(moved.waitMs).to.equal(GONE_QUIET_MS);
  });

  it('lets a file that never settles hold the others up for a bounded time only', () => {
    const restless = change({ path: 'log.yaml', since: NOW, first: NOW - LONGEST_WAIT_MS });
    const whole = change({ entry: entry('x', { modifiedMs: LONG_AGO }) });
    const { settled, unsettled, waitMs } = settle([restless, whole], new Map(), NOW);
    expect({ settled, unsettled, waitMs }).to.deep.equal({
      settled: [whole],
      unsettled: [restless],
      waitMs: 0,
    });
  });
});

describe('observeChanges', () => {
  const known = new Map([['web.yaml', entry('old')]]);

  it('sees nothing in a folder that is as it was handed out', () => {
    expect(observeChanges(new Map(), known, [entry('old')], NOW)).to.be.empty;
  });

  it('keeps the time since when a file looks as it does', () => {
    const first = observeChanges(new Map(), known, [entry('new')], NOW);
    const second = observeChanges(first, known, [entry('new')], NOW + 10);
    expect(second.get('web.yaml')).to.include({ since: NOW, first: NOW });
  });

  it('starts that time again when the file changes again, but not the time of the first difference', () => {
    const first = observeChanges(new Map(), known, [entry('new')], NOW);
    const second = observeChanges(first, known, [entry('newer')], NOW + 10);
    expect(second.get('web.yaml')).to.include({ since: NOW + 10, first: NOW });
  });

  it('forgets a change that was taken back', () => {
    const first = observeChanges(new Map(), known, [], NOW);
    expect(first.get('web.yaml')).to.include({ entry: null });
    expect(observeChanges(first, known, [entry('old')], NOW + 10)).to.be.empty;
  });
});
