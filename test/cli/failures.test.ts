import { expect } from 'chai';
import type { Capsule } from '../../src/store/failure.ts';
import type { FailureRow } from '../../src/store/read.ts';
import { ageless, condition, SeededDatabase } from './seeded-database.ts';

describe('what the command line shows of failures', () => {
  const installation = new SeededDatabase();
  let uid = '';

  const capsule = (replicaIndex: number, some: Partial<Capsule> = {}): Capsule => ({
    appName: 'shop',
    appUid: uid,
    containerName: `shop-${replicaIndex}-r2-1`,
    containerId: `c${replicaIndex}`,
    replicaIndex,
    revision: 2,
    reason: 'Crashed',
    message: 'exited 3',
    failedAt: new Date(),
    startedAt: new Date(Date.now() - 5_000),
    exitCode: 3,
    oomKilled: false,
    probes: [],
    logs: Array.from({ length: 12 }, (_, line) => `line ${line} of ${replicaIndex}\n`).join(''),
    logError: null,
    ...some,
  });

  before(async () => {
    await installation.start();
    await installation.migrate();
    uid = await installation.declare('shop', 2, 'shop:7');
    const at = new Date().toISOString();
    await installation.report('shop', uid, 2, [condition('Ready', true, 'AllReady', '2 of 2 ready')], {
      revision: 1,
      startedAt: at,
      progressedAt: at,
      available: 2,
      outcome: 'complete',
      paused: false,
      reason: '',
      message: '',
    });
    await installation.declare('shop', 2, 'shop:8');
    const { store } = installation;
    await store.recordFailure(capsule(0, { failedAt: new Date(Date.now() - 60_000) }));
    await store.recordFailure(capsule(1, { logs: 'only line\n' }));
    const former = '00000000-0000-4000-8000-000000000000';
    await store.recordFailure(capsule(2, { appUid: former, failedAt: new Date(Date.now() + 60_000) }));
  });
  after(() => installation.stop());

  it('describes the last one of an app, and of an earlier app of that name none', async () => {
    const { code, stdout } = await installation.run('describe', 'app', 'shop');
    expect(code).to.equal(0);
    const [, section = ''] = /^Last failure\n((?: .*\n)*)/m.exec(stdout) ?? [];
    expect(ageless(section).split('\n')).to.deep.equal([
      '  shop-1-r2-1 exited 3, Ns ago',
      '  reason    Crashed, exit code 3',
      '  lived     Ns',
      '  revision  2, which changed from 1: image "shop:7" => "shop:8"',
      '  | only line',
      '',
    ]);
  });

  it('has all of them, of each replica the last, in JSON', async () => {
    const { stdout } = await installation.run('describe', 'app', 'shop', '-o', 'json');
    const story = JSON.parse(stdout) as { app: { name: string }; failures: FailureRow[] };
    expect(story).to.have.all.keys('app', 'url', 'revision', 'instances', 'manifest', 'failures', 'events');
    expect(story.failures.map(({ container_name: name }) => name)).to.deep.equal([
      'shop-1-r2-1',
      'shop-0-r2-1',
    ]);
    const columns = await installation.database.query<{ name: string }>(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'failures'",
    );
    expect(story.failures[0]).to.have.all.keys(columns.map(({ name }) => name));
    expect(story.failures[1]).to.deep.include({
      exit_code: 3,
      stable_revision: 1,
      changes: ['image "shop:7" => "shop:8"'],
      logs: capsule(0).logs,
    });
  });

  it('prints the whole log of one', async () => {
    const { stdout } = await installation.run('logs', 'app', 'shop', '--previous', '--instance', '0');
    expect(stdout.replaceAll('shop-0-r2-1 | ', '')).to.equal(capsule(0).logs);
  });
});
