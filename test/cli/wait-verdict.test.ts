import { expect } from 'chai';
import { judgeUnattended, judgeWait, type Goal } from '../../src/cli/wait-verdict.ts';
import type { ApplicationRow, ManifestRow } from '../../src/store/read.ts';
import type { Condition } from '../../src/store/store.ts';
import { appOf } from '../manifest/app.ts';

const at = '2026-11-23T12:00:00.000Z';
const ready: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'AllReady',
  message: '',
  lastTransitionTime: at,
};

function rowOf(row: Partial<ApplicationRow>): ApplicationRow {
  return {
    name: 'web',
    uid: 'f3b0c1de-0000-4000-8000-000000000000',
    spec: appOf({ image: 'web:1' }, { scaling: { mode: 'manual', replicas: 2 } }),
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
    revision: 1,
    spec_hash: '',
    conditions: [ready],
    source_path: 'web.yaml',
    source_revision: null,
    suspended: false,
    deletion_requested_at: null,
    target_revision: null,
    target_reason: null,
    rollout: null,
    rollout_paused: false,
    retries: 0,
    ...row,
  };
}

const rejected: ManifestRow = {
  path: 'web.yaml',
  content_hash: '',
  status: 'error',
  apps: ['web'],
  errors: [{ line: 3, column: 1, message: 'unknown field "x"' }],
  warnings: [],
  created_at: at,
  updated_at: at,
};

describe('waiting for an app', () => {
  const judge = (goal: Goal, row?: Partial<ApplicationRow>, manifest?: ManifestRow) =>
    judgeWait(goal, 'web', row && rowOf(row), manifest);

  it('is over when its present generation is ready', () => {
    expect(judge('ready', {})).to.include({ outcome: 'reached', message: 'ready, 2 of 2 instances' });
    expect(judge('ready', { observed_generation: 2 }).outcome).to.equal('waiting');
  });

  it('goes on until the count that was set by hand, or that of a suspended app, has been acted on', () => {
    expect(judge('ready', { scaled_replicas: 5 })).to.include({
      outcome: 'waiting',
      message: 'a count of 5 has not been acted on yet',
    });
    expect(judge('ready', { scaled_replicas: 5, desired_replicas: 5 }).outcome).to.equal('reached');
    const suspended = { spec: appOf({ image: 'web:1', suspend: true }), suspended: true };
    expect(judge('ready', suspended).message).to.equal('a count of 0 has not been acted on yet');
    expect(judge('ready', { ...suspended, desired_replicas: 0 }).outcome).to.equal('reached');
  });

  it('goes on while no AutoServe runs, and says so, unless the app has failed or is gone', () => {
    expect(judgeUnattended('ready', judge('ready', { observed_generation: 2 }))).to.deep.equal({
      outcome: 'waiting',
      message: 'generation 3 has not been acted on yet; no AutoServe runs',
      remedy: 'autoserve up',
    });
    expect(judgeUnattended('ready', judge('ready', {}))).to.include({
      outcome: 'waiting',
      message: 'no AutoServe runs, and what it left was ready',
    });
    expect(judgeUnattended('ready', judge('ready', {}, rejected)).outcome).to.equal('failed');
    expect(judgeUnattended('deleted', judge('deleted')).outcome).to.equal('reached');
  });

  it('goes on while the app is not declared, crashes, or nothing is known of it', () => {
    const crashing = { ...ready, status: 'False' as const, reason: 'CrashLoop', message: 'web-0 exited 1' };
    expect(judge('ready').outcome).to.equal('waiting');
    expect(judge('ready', { status: 'error', conditions: [crashing] })).to.include({
      outcome: 'waiting',
      message: 'web-0 exited 1',
      remedy: 'autoserve describe app web',
    });
    expect(judge('ready', { conditions: [{ ...ready, status: 'Unknown' }] }).outcome).to.equal('waiting');
  });

  it('has failed when the manifest is rejected or the app is being removed', () => {
    expect(judge('ready', {}, rejected)).to.include({
      outcome: 'failed',
      message: 'its manifest is rejected: web.yaml:3 unknown field "x"',
    });
    expect(judge('ready', { deletion_requested_at: at }).outcome).to.equal('failed');
  });

  it('reaches deleted when the app is gone, and fails when its removal is held', () => {
    const held: Condition = { ...ready, type: 'Synced', status: 'False', reason: 'PruneHeld' };
    expect(judge('deleted').outcome).to.equal('reached');
    expect(judge('deleted', {}).outcome).to.equal('waiting');
    expect(judge('deleted', { deletion_requested_at: at }).outcome).to.equal('waiting');
    expect(judge('deleted', { conditions: [held] })).to.include({
      outcome: 'failed',
      remedy: 'autoserve sync --confirm-prune',
    });
  });
});
