import { expect } from 'chai';
import type { Rollout } from '../../src/controllers/rollout/rollout.ts';
import { eventually } from '../eventually.ts';
import { ageless, condition, event, instance, SeededDatabase } from './seeded-database.ts';

const rolloutOf = (revision: number, outcome: Rollout['outcome']): Rollout => ({
  revision,
  startedAt: new Date().toISOString(),
  progressedAt: new Date().toISOString(),
  available: 2,
  outcome,
  paused: false,
  reason: outcome === 'failed' ? 'CrashLoop' : '',
  message: outcome === 'failed' ? 'web-0-r2-3 exited 1, crash 3 in a row' : '',
});

const ready = condition('Ready', true, 'AllReady', '2 of 2 ready');
const notReady = condition('Ready', false, 'NotAllReady', '1 of 2 ready');

describe('autoserve history, rollback, pause, resume and retry', () => {
  const installation = new SeededDatabase();

  before(async () => {
    await installation.start();
    await installation.migrate();
  });
  after(() => installation.stop());

  /** An app whose revision 1 is rolled out and whose manifest now wants revision 2. */
  const twoRevisions = async (name: string): Promise<string> => {
    const uid = await installation.declare(name, 2);
    await installation.report(name, uid, 2, [ready], rolloutOf(1, 'complete'));
    await installation.declare(name, 2, 'web:2');
    return uid;
  };
  const rollBack = async (name: string, uid: string): Promise<void> => {
    const told = { ...event(name, 'RolledBack', 'rolling back to revision 1: it crash-loops'), appUid: uid };
    await installation.store.rollBack({ name, uid, from: 2, to: 1, retries: 0, event: told });
  };
  const cells = (text: string): string[] =>
    ageless(text)
      .trimEnd()
      .split('\n')
      .map((line) => line.replaceAll(/ {2,}/g, '  '));

  it('pins the revision before, shows it everywhere, and ends the pin', async () => {
    const appUid = await twoRevisions('shop');
    const imageDigest = `sha256:${'b1d5'.repeat(16)}`;
    await installation.store.recordImage({ appUid, revision: 1, imageId: 'sha256:1', imageDigest });
    const back = await installation.run('rollback', 'app', 'shop');
    expect(back).to.deep.equal({
      code: 0,
      stdout: 'app/shop pinned to 1; the manifest wants 2\n',
      stderr: '',
    });
    expect(cells((await installation.run('history', 'app/shop')).stdout)).to.deep.equal([
      'REVISION  STATE  IMAGE  DIGEST  SOURCE  AGE',
      '1  current, pinned, stable  web:1  b1d5b1d5b1d5  shop.yaml@4f2a91c  Ns',
      '2  held  web:2  -  shop.yaml@4f2a91c  Ns',
    ]);
    expect(cells((await installation.run('get', 'app', 'shop')).stdout)[1]).to.contain('  1 (pinned)  ');
    const described = (await installation.run('describe', 'app', 'shop')).stdout;
    expect(described).to.match(/^ {2}pinned +pinned to 1; the manifest wants 2$/m);
    expect(described).to.match(/^ {2}image id +sha256:1\n {2}digest +sha256:(b1d5){16}$/m);
    expect((await installation.run('rollback', 'shop', '--to', '2')).stdout).to.equal(
      'app/shop follows its manifest, revision 2\n',
    );
  });

  it('exits 1 where there is nothing to go back to, and 2 for what is no revision', async () => {
    await installation.declare('new', 1);
    const none = await installation.run('rollback', 'app', 'new');
    expect(none).to.deep.include({ code: 1, stdout: '' });
    expect(none.stderr).to.contain('autoserve history app new');
    expect((await installation.run('rollback', 'app', 'new', '--to', '7')).code).to.equal(1);
    expect((await installation.run('rollback', 'app', 'new', '--to', 'x')).code).to.equal(2);
    expect((await installation.run('pause', 'app', 'nope')).stderr).to.contain('app "nope" not found');
  });

  it('pauses, resumes and retries', async () => {
    await installation.declare('calm', 1);
    const said = async (word: string): Promise<string> =>
      (await installation.run(word, 'app', 'calm')).stdout.trimEnd();
    expect(await said('pause')).to.equal('app/calm paused');
    expect(await said('pause')).to.equal('app/calm was paused already');
    expect(await said('resume')).to.equal('app/calm resumed');
    expect(await said('retry')).to.equal('app/calm is tried again');
    expect(cells((await installation.run('events', '--app', 'calm')).stdout)).to.deep.equal([
      'AGE  SEVERITY  REASON  APP  MESSAGE',
      'Ns  info  Paused  calm  its rollouts stand still until: autoserve resume app calm',
      'Ns  info  Resumed  calm  its rollouts go on',
      'Ns  info  Retried  calm  revision 1 is tried again',
    ]);
  });

  it('waits through a failed rollout into its rollback, and exits 1', async () => {
    const uid = await twoRevisions('bad');
    await installation.report('bad', uid, 1, [notReady], rolloutOf(2, 'progressing'));
    await installation.database.query(`UPDATE applications SET observed_generation = generation`);
    const waiting = installation.begin('wait', 'app/bad', '--timeout', '1m');
    await eventually(() => expect(waiting.stderr).to.contain('app/bad: 1 of 2 ready'));
    const crashed = {
      containerName: 'bad-1-r2-3',
      revision: 2,
      status: 'error',
      exitCode: 1,
      restarts: 2,
    } as const;
    const finishedAt = new Date();
    const startedAt = new Date(finishedAt.getTime() - 400);
    await installation.store.writeStatus([], [instance('bad', 1, { ...crashed, startedAt, finishedAt })]);
    await eventually(() => expect(waiting.stderr).to.contain(' ✘ bad-1 exited 1 after 0.4s (3 times)\n'));
    await rollBack('bad', uid);
    await eventually(() =>
      expect(waiting.stderr).to.contain(' ! rolling back to revision 1: it crash-loops\n'),
    );
    const held = condition('Synced', false, 'Quarantined', 'revision 2 is held');
    await installation.report('bad', uid, 2, [ready, held], rolloutOf(1, 'complete'));
    await installation.database.query(`UPDATE applications SET observed_generation = generation`);
    const { code, stdout, stderr } = await waiting.ended();
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.contain(' ✔ revision 1 serving 2/2\n');
    expect(stderr.trimEnd().split('\n').at(-1)).to.equal(
      "app/bad rolled back; the manifest's revision is held until it changes.   autoserve describe app bad",
    );
    expect(cells((await installation.run('get', 'app', 'bad')).stdout)[1]).to.contain('  1 (2 held)  ');
  });

  it('shows how far the pull of an image is, and how long it took', async () => {
    const uid = await twoRevisions('slow');
    await installation.report('slow', uid, 1, [notReady], rolloutOf(2, 'progressing'));
    await installation.database.query(`UPDATE applications SET observed_generation = generation`);
    const waiting = installation.begin('wait', 'app/slow', '--timeout', '1m');
    await eventually(() => expect(waiting.stderr).to.contain('app/slow: 1 of 2 ready\n'));
    await eventually(async () => {
      const sql = `SELECT FROM pg_stat_activity WHERE state = 'idle' AND query = 'LISTEN "autoserve"'`;
      expect(await installation.database.query(sql)).to.have.length(1);
    });
    for (const percent of [null, 7, 42])
      await installation.store.announce({ appName: 'slow', image: 'web:2', percent });
    await installation.store.announce({ appName: 'other', image: 'other:2', percent: 1 });
    await eventually(() => expect(waiting.stderr).to.contain('app/slow: pulling image web:2\n'));
    const pulled = { ...event('slow', 'ImagePulled', 'image web:2 pulled in 2.1 s'), appUid: uid };
    await installation.store.appendEvents([{ ...pulled, details: { durationMs: 2_123 } }]);
    await eventually(() => expect(waiting.stderr).to.contain(' ✔ image pulled 2.1s\n'));
    await installation.report('slow', uid, 2, [ready], rolloutOf(2, 'complete'));
    await installation.database.query(`UPDATE applications SET observed_generation = generation`);
    const { code, stderr } = await waiting.ended();
    expect(code).to.equal(0);
    expect(stderr.match(/pulling/g)).to.have.length(1);
    expect(stderr).not.to.contain('other:2');
  });

  it('follows events', async () => {
    const following = installation.begin('events', '-f', '--app', 'late', '-o', 'json');
    await installation.store.appendEvents([event('late', 'First', 'one')]);
    await eventually(() => expect(following.stdout).to.contain('"First"'));
    await installation.store.appendEvents([event('late', 'Second', 'two')]);
    await eventually(() => expect(following.stdout.trimEnd().split('\n')).to.have.length(2));
    following.kill();
    await following.ended();
  });
});
