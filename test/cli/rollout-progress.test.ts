import { expect } from 'chai';
import { mergeByTime } from '../../src/cli/merge-logs.ts';
import { revisionText } from '../../src/cli/revision-text.ts';
import { judgeWait } from '../../src/cli/wait-verdict.ts';
import type { LogLine } from '../../src/engine/engine.ts';
import type { ApplicationRow, RevisionRow } from '../../src/store/read.ts';
import { appOf } from '../manifest/app.ts';
import { condition } from './seeded-database.ts';

const at = '2026-11-23T12:00:00.000Z';
const ready = condition('Ready', true, 'AllReady', '');
const pinned = condition('Synced', false, 'Pinned', 'pinned to 7; the manifest wants 8');
const held = condition('Synced', false, 'Quarantined', '');
const rollout = {
  revision: 8,
  startedAt: at,
  progressedAt: at,
  available: 0,
  outcome: 'failed',
  paused: false,
  reason: 'CrashLoop',
  message: 'web-0-r8-3 exited 1',
} as const;

const rowOf = (some: Partial<ApplicationRow>): ApplicationRow => ({
  name: 'web',
  uid: 'u',
  spec: appOf({ image: 'web:8' }, { scaling: { mode: 'manual', replicas: 2 } }),
  status: 'running',
  created_at: at,
  updated_at: at,
  replicas: 2,
  desired_replicas: 2,
  last_scaled_at: null,
  scaled_replicas: null,
  mode: 'manual',
  generation: 3,
  observed_generation: 3,
  revision: 8,
  spec_hash: '',
  conditions: [ready],
  source_path: null,
  source_revision: null,
  suspended: false,
  deletion_requested_at: null,
  target_revision: null,
  target_reason: null,
  rollout: null,
  rollout_paused: false,
  retries: 0,
  ...some,
});

const revisionOf = (revision: number, some: Partial<RevisionRow> = {}): RevisionRow => ({
  id: revision,
  app_name: 'web',
  app_uid: 'u',
  revision,
  spec: appOf({ image: `web:${revision}` }),
  spec_hash: '',
  image_id: null,
  image_digest: null,
  source_path: null,
  source_revision: null,
  stable: true,
  quarantined: false,
  created_at: at,
  ...some,
});

describe('waiting for an app that has more than one revision', () => {
  const judge = (some: Partial<ApplicationRow>, revisions: RevisionRow[] = []) =>
    judgeWait('ready', 'web', rowOf(some), undefined, revisions).outcome;
  const back = { target_revision: 7, target_reason: 'RolledBack' } as const;
  const pin = { target_revision: 7, target_reason: 'Pinned' } as const;

  it('is over when a pinned revision is ready, once the controller has seen the pin', () => {
    expect(judge({ ...pin, conditions: [ready, pinned] })).to.equal('reached');
    expect(judge({ ...pin, conditions: [ready] })).to.equal('waiting');
    expect(judge({ conditions: [ready, pinned] })).to.equal('waiting');
    expect(judge({ rollout: { ...rollout, revision: 7, outcome: 'complete' } })).to.equal('waiting');
  });

  it('follows into a rollback, which is no success', () => {
    const serving = { ...rollout, revision: 7, outcome: 'complete' } as const;
    const conditions = [condition('Ready', false, 'NotAllReady', ''), held];
    expect(judge({ ...back, conditions, rollout: { ...serving, outcome: 'progressing' } })).to.equal(
      'waiting',
    );
    expect(judge({ ...back, conditions: [ready, held], rollout: serving })).to.equal('rolledBack');
  });

  it('has failed when the rollout failed and there is nothing to go back to', () => {
    const conditions = [condition('Ready', false, 'CrashLoop', '')];
    expect(judge({ conditions, rollout }, [revisionOf(7), revisionOf(8)])).to.equal('waiting');
    expect(judge({ conditions, rollout }, [revisionOf(8)])).to.equal('failed');
    expect(judge({ conditions, rollout }, [revisionOf(7, { quarantined: true })])).to.equal('failed');
    expect(judge({ conditions, rollout }, [revisionOf(7, { app_uid: 'other' })])).to.equal('failed');
    const failed = { ...back, conditions: [...conditions, held], rollout: { ...rollout, revision: 7 } };
    expect(judge(failed, [revisionOf(6), revisionOf(7)])).to.equal('failed');
  });
});

describe('the revision of an app in a table', () => {
  it('tells of an update, a pin and a rollback', () => {
    expect(revisionText(rowOf({}), [8, 8])).to.equal('8');
    expect(revisionText(rowOf({}), [8, 6, 7])).to.equal('8 (was 7)');
    expect(revisionText(rowOf({ target_revision: 7, target_reason: 'Pinned' }), [8])).to.equal('7 (pinned)');
    expect(revisionText(rowOf({ target_revision: 7, target_reason: 'RolledBack' }), [8])).to.equal(
      '7 (8 held)',
    );
  });
});

describe('several logs as one', () => {
  it('is in the order of time', async () => {
    async function* log(...times: number[]): AsyncGenerator<LogLine> {
      for (const time of times) yield { stream: 'stdout', time: new Date(time), line: String(time) };
    }
    const merged = [];
    const logs = [
      { from: 'a', lines: log(1, 4, 4) },
      { from: 'b', lines: log(2, 3, 5) },
      { from: 'c', lines: log() },
    ];
    for await (const { from, line } of mergeByTime(logs)) merged.push(`${from}${line.line}`);
    expect(merged).to.deep.equal(['a1', 'b2', 'b3', 'a4', 'a4', 'b5']);
  });
});
