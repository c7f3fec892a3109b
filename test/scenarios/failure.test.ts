import { expect } from 'chai';
import type { FailureRow } from '../../src/store/read.ts';
import { eventually } from '../eventually.ts';
import { converged, eventsOf } from './agreement.ts';
import { useInstallation } from './hooks.ts';
import { manifestOf } from './manifest.ts';

const SECRET = 'correct horse battery staple';

describe('An instance that fails', function () {
  this.timeout(120_000);
  const installation = useInstallation();

  const failuresOf = async (app: string): Promise<FailureRow[]> =>
    await installation.query<FailureRow>('SELECT * FROM failures WHERE app_name = $1 ORDER BY id', [app]);

  /** An app whose program is this script, and knows a secret. */
  const scripted = (app: string, script: string): string =>
    manifestOf(app, {
      spec: {
        command: ['/usr/bin/node', '-e', script],
        env: [{ name: 'TOKEN', source: 'secret', key: 'db', field: 'token' }],
      },
    });

  it('is described with its exit code, its last words and what its revision changed, without its secret', async () => {
    const app = installation.nameOf('crashing');
    await installation.putSecret('db', 'token', SECRET);
    await installation.put(`${app}.yaml`, scripted(app, 'setInterval(() => {}, 1000)'));
    await converged(installation, app, 1);

    const words = `console.log('token is', process.env.TOKEN); console.error('refused'); process.exitCode = 3`;
    await installation.put(`${app}.yaml`, scripted(app, words));
    await eventually(
      async () => expect(await eventsOf(installation, 'RolledBack', app)).to.have.length(1),
      60_000,
    );
    const failures = await eventually(async () => {
      const left = await installation.containers.list(app);
      expect(left.map(({ revision, state }) => `${revision} ${state}`)).to.deep.equal(['1 running']);
      return await failuresOf(app);
    }, 60_000);

    expect(failures.map((row) => row.container_name)).to.deep.equal(
      [1, 2, 3].map((attempt) => `${app}-0-r2-${attempt}`),
    );
    for (const failure of failures) {
      expect(failure).to.include({ reason: 'Crashed', message: 'exited 3', exit_code: 3, oom_killed: false });
      expect(failure).to.include({ revision: 2, stable_revision: 1, log_error: null });
      expect(failure.changes).to.deep.equal(['command changed']);
      expect(failure.logs.split('\n').toSorted()).to.deep.equal(['', 'refused', 'token is [secret TOKEN]']);
    }
    const [{ everything } = { everything: '' }] = await installation.query<{ everything: string }>(
      "SELECT string_agg(f::text, E'\\n') AS everything FROM failures f",
    );
    expect(everything + installation.log).not.to.include(SECRET);

    const { code, stdout } = await installation.cli('describe', 'app', app);
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /^Last failure\n +\S+-0-r2-3 exited 3, \d+s ago\n +reason +Crashed, exit code 3$/m,
    );
    expect(stdout).to.match(/^ +revision +2, which changed from 1: command changed$/m);
    expect(stdout)
      .to.match(/^ +\| token is \[secret TOKEN\]$/m)
      .and.match(/^ +\| refused$/m);
    const previous = await installation.cli('logs', 'app', app, '--previous');
    expect(previous.stdout).to.include(`${app}-0-r2-3 | token is [secret TOKEN]\n`);
  });

  it('as its health check says is described with its last probes', async () => {
    const app = installation.nameOf('sick');
    // The program has begun to answer when failures count.
    const healthCheck = { path: '/health', initialDelaySeconds: 8, periodSeconds: 1, failureThreshold: 2 };
    await installation.put(
      `${app}.yaml`,
      manifestOf(app, { env: { HEALTH: 'fail' }, spec: { healthCheck } }),
    );
    const [failure] = await eventually(async () => {
      const failures = await failuresOf(app);
      expect(failures).not.to.be.empty;
      return failures;
    }, 60_000);
    expect(failure).to.include({
      container_name: `${app}-0-r1-1`,
      reason: 'Unhealthy',
      message: 'failed its health check',
      exit_code: null,
      stable_revision: null,
    });
    expect(failure?.probes.at(-1)).to.include({ ok: false, code: 503, message: '503, expected 200' });
    expect(failure?.logs).to.include('"url":"/health","status":503');
    // It ended in the end, and its last words are kept, too.
    expect(failure?.logs).to.include('"event":"exit"');
    expect((await installation.cli('describe', 'app', app)).stdout).to.match(
      /^ +reason +Unhealthy\n +lived .*\n +revision +1\n( +probe .*\n)* +probe +\d+s ago +failed +503 /m,
    );
  });

  it('to get ready before its revision is given up is described with what it printed', async () => {
    const app = installation.nameOf('late');
    const spec = {
      healthCheck: { path: '/health', initialDelaySeconds: 60, periodSeconds: 1 },
      strategy: { progressDeadlineSeconds: 20 },
    };
    await installation.put(`${app}.yaml`, manifestOf(app, { spec }));
    await converged(installation, app, 1);
    await installation.put(`${app}.yaml`, manifestOf(app, { spec, env: { HEALTH: 'fail' } }));
    const [failure] = await eventually(async () => {
      const failures = await failuresOf(app);
      expect(failures).to.have.length(1);
      return failures;
    }, 60_000);
    expect(failure).to.include({
      reason: 'NotReady',
      message: 'did not become healthy in time',
      revision: 2,
    });
    expect(failure?.changes).to.deep.equal(['env.HEALTH changed']);
    expect(failure?.logs).to.include('"event":"start"');
    expect(failure?.probes.at(-1)).to.include({ ok: false, code: 503 });
  });
});
