import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { applicationOf, conditionOf, converged, eventsOf, gone } from './agreement.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { HEALTH_CHECK, manifestOf, type AppOptions } from './manifest.ts';

const REPLICAS = 2;

describe('An operator', function () {
  this.timeout(90_000);
  const installation = useInstallation();
  const { docker } = installation;
  const paused = installation.nameOf('paused');
  const pinned = installation.nameOf('pinned');
  const crashing = installation.nameOf('crashing');
  const missing = installation.nameOf('missing');
  const image = `autoserve/${missing}:1`;

  before(async () => {
    for (const app of [paused, pinned, crashing, missing]) await declare(app);
    for (const app of [paused, pinned, crashing, missing]) await converged(installation, app, REPLICAS);
  });

  it('pauses a rollout, in which what dies is still replaced, and resumes it', async () => {
    const before = await converged(installation, paused, REPLICAS);
    expect((await installation.cli('pause', 'app', paused)).stdout).to.equal(`app/${paused} paused\n`);
    await declare(paused, { env: { COLOUR: 'green' } });
    await eventually(async () => {
      const application = await applicationOf(installation, paused);
      expect(conditionOf(application, 'Progressing')).to.include({ status: 'False', reason: 'Paused' });
      expect(application.revision).to.equal(2);
    });
    await docker.getContainer(before[0]?.id ?? '').kill();
    await eventually(async () => {
      const [healed, kept] = await installation.containers.list(paused);
      expect(healed?.id).not.to.equal(before[0]?.id);
      expect(healed?.state).to.equal('running');
      expect(kept).to.deep.equal(before[1]);
    });
    const waited = await installation.cli('wait', paused, '--timeout', '1s');
    expect(waited.code).to.equal(124);
    expect(waited.stderr).to.include('its rollout is paused').and.include(`autoserve resume app ${paused}`);
    expect((await installation.cli('resume', 'app', paused)).code).to.equal(0);
    await converged(installation, paused, REPLICAS, 2);
  });

  it('pins an earlier revision, visibly, until the manifest changes', async () => {
    await declare(pinned, { env: { COLOUR: 'green' } });
    await converged(installation, pinned, REPLICAS, 2);
    const rolledBack = await installation.cli('rollback', 'app', pinned, '--to', '1', '--wait');
    expect(rolledBack.stdout).to.match(/pinned to 1; the manifest wants 2\n.* ready, 2 of 2 instances/);
    expect(rolledBack.code).to.equal(0);
    await converged(installation, pinned, REPLICAS, 1, 2);
    const application = await applicationOf(installation, pinned);
    expect(conditionOf(application, 'Synced')).to.include({
      status: 'False',
      reason: 'Pinned',
      message: 'pinned to 1; the manifest wants 2',
    });
    expect((await installation.cli('get', 'apps')).stdout).to.match(new RegExp(`${pinned} .*1 \\(pinned\\)`));
    const history = (await installation.cli('history', 'app', pinned)).stdout;
    expect(history)
      .to.match(/^1 +current, pinned, stable/m)
      .and.match(/^2 +held, stable/m);

    await declare(pinned, { env: { COLOUR: 'blue' } });
    await converged(installation, pinned, REPLICAS, 3);
    expect((await applicationOf(installation, pinned)).target_reason).to.equal(null);
  });

  it('who waits sees a release fail and what is gone back to, and gets exit code 1', async () => {
    const before = await converged(installation, crashing, REPLICAS);
    await declare(crashing, {
      env: { CRASH_AFTER: '1', CRASH_CODE: '7' },
      // So that it is not taken for available before it crashes, however long it takes to start.
      spec: { strategy: { minReadySeconds: 10 } },
    });
    const { code, stdout, stderr } = await installation.cli('wait', crashing);
    expect(code).to.equal(1);
    expect(stdout).to.equal('');
    const lines = [
      /✘ crashing-\S+-0 exited 7/,
      /! rolling back to revision 1: revision 2 failed, crashing-\S+ exited 7, crash 3 in a row/,
      /✔ revision 1 serving 2\/2/,
      /rolled back; the manifest's revision is held until it changes\. +autoserve describe app crashing-/,
    ];
    for (const line of lines) expect(stderr).to.match(line);
    expect(lines.map((line) => stderr.search(line))).to.deep.equal(
      lines.map((line) => stderr.search(line)).toSorted((a, b) => a - b),
    );
    expect(await converged(installation, crashing, REPLICAS, 1, 2)).to.deep.equal(before);
  });

  it('reads what an instance wrote before it failed, and its description', async () => {
    const previous = (await installation.cli('logs', 'app', crashing, '--previous')).stdout;
    expect(previous).to.match(/^crashing-\S+-0-r2-\d +\| \{.*"event":"crash","code":7/m);
    const description = (await installation.cli('describe', 'app', crashing)).stdout;
    expect(description).to.include('exited 7').and.include('"event":"crash"');
  });

  it('reads the logs of all instances, follows them, and sees those that come', async () => {
    const [first, second] = (await converged(installation, pinned, REPLICAS, 3)) as [Container, Container];
    const { stdout } = await installation.cli('logs', 'app', pinned, '--tail', '1');
    for (const { name } of [first, second]) expect(stdout).to.match(new RegExp(`^${name} +\\| \\{`, 'm'));
    const none = await installation.cli('logs', 'app', pinned, '--since', '0s');
    expect(none.stdout).to.equal('');

    const following = installation.begin('logs', 'app', pinned, '-f', '--since', '1s');
    await declare(pinned, { replicas: 3, env: { COLOUR: 'blue' } });
    const [, , third] = (await converged(installation, pinned, 3, 3)) as [Container, Container, Container];
    await eventually(() =>
      expect(following.printed.stdout).to.match(new RegExp(`^${third.name} +\\| .*"event":"start"`, 'm')),
    );
    await following.interrupt();
  });

  it('follows events', async () => {
    const following = installation.begin('events', '-f', '--app', pinned, '-o', 'json');
    await eventually(() => expect(following.printed.stdout).to.include('InstanceStarted'));
    await declare(pinned, { replicas: REPLICAS, env: { COLOUR: 'blue' } });
    await eventually(() => expect(following.printed.stdout).to.include('InstanceRemoved'));
    await following.interrupt();
    const events = following.printed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; app_name: string });
    expect(new Set(events.map(({ id }) => id)).size).to.equal(events.length);
    for (const event of events) expect(event.app_name).to.equal(pinned);
  });

  it('is told which image is missing while the old revision serves, and has it tried again when it is there', async () => {
    const before = await converged(installation, missing, REPLICAS);
    await declare(missing, { spec: { image, imagePullPolicy: 'Never' } });
    const waited = await installation.cli('wait', missing, '--timeout', '3s');
    expect(waited.code).to.equal(124);
    expect(waited.stderr).to.include(image);
    expect(await installation.containers.list(missing)).to.deep.equal(before);
    const application = await applicationOf(installation, missing);
    expect(application).to.include({ status: 'error', replicas: REPLICAS });
    expect(conditionOf(application, 'Ready')?.message).to.include(image);
    await docker.getImage('autoserve/demo-web:1').tag({ repo: `autoserve/${missing}`, tag: '1' });
    expect((await installation.cli('retry', 'app', missing)).code).to.equal(0);
    await converged(installation, missing, REPLICAS, 2);
    await docker.getImage(image).remove({ force: true });
  });

  it('keeps the volumes of an app that is gone until told otherwise', async () => {
    const app = installation.nameOf('stateful');
    const volumes = async () => {
      const { Volumes } = await docker.listVolumes({ filters: { name: [app] } });
      return Volumes.length;
    };
    await declare(app, { replicas: 1, spec: { volumes: [{ name: 'data', mountPath: '/data' }] } });
    await converged(installation, app, 1);
    expect((await installation.cli('volumes', 'prune', '--yes')).stderr).to.include('every volume is in use');
    await installation.remove(`${app}.yaml`);
    await gone(installation, app);
    expect(await volumes()).to.equal(1);
    const asked = await installation.cli('volumes', 'prune');
    expect(asked.code).to.equal(1);
    expect(await volumes()).to.equal(1);
    expect((await installation.cli('volumes', 'prune', '--yes')).stdout).to.match(/ removed\n$/);
    expect(await volumes()).to.equal(0);
  });

  it('has an app started only when those are ready that it depends on', async () => {
    const [shop, database] = [installation.nameOf('shop'), installation.nameOf('database')];
    await declare(shop, { spec: { dependsOn: [database] } });
    await eventually(async () => {
      expect(conditionOf(await applicationOf(installation, shop), 'Progressing')).to.include({
        reason: 'WaitingForDependencies',
        message: `waits until ${database} is ready`,
      });
    });
    await declare(database, {
      env: { HEALTH: 'fail' },
      healthCheck: { ...HEALTH_CHECK, failureThreshold: 100 },
    });
    const [instance] = (await eventually(async () => {
      const running = await installation.containers.list(database);
      expect(running.map(({ state }) => state)).to.deep.equal(['running', 'running']);
      return running;
    })) as [Container];
    expect(await installation.containers.list(shop)).to.deep.equal([]);
    for (const { id } of await installation.containers.list(database))
      await installation.containers.setHealth(id, 'ok');
    const [dependent] = (await converged(installation, shop, REPLICAS)) as [Container];
    const [row] = await installation.query<{ since: Date }>(
      'SELECT health_since AS since FROM instance_status WHERE container_id = $1',
      [instance.id],
    );
    expect(new Date(dependent.startedAt)).to.be.above(row?.since as Date);
    expect(await eventsOf(installation, 'InstanceStarted', shop)).to.have.length(REPLICAS);
  });

  async function declare(app: string, options: AppOptions = {}): Promise<void> {
    await installation.put(`${app}.yaml`, manifestOf(app, { replicas: REPLICAS, ...options }));
  }
});

describe('With --mode observe AutoServe', () => {
  const installation = useInstallation();
  const app = installation.nameOf('web');

  it('heals nothing and changes nothing, and reports what it would do', async () => {
    await installation.put('web.yaml', manifestOf(app));
    const [instance] = (await converged(installation, app, 1)) as [Container];
    await installation.end('SIGTERM');
    await installation.start('--mode', 'observe');
    const operations = 'SELECT count(*)::int FROM operations';
    const before = await installation.query(operations);

    await installation.put('web.yaml', manifestOf(app, { env: { COLOUR: 'green' } }));
    await proposed(`createContainer ${app}-0-r2-1`);
    expect(await installation.containers.list(app)).to.deep.equal([instance]);
    await installation.docker.getContainer(instance.id).kill();
    await proposed(`(InstanceDied: ${instance.name} was killed, not by AutoServe)`);
    const [ended, ...others] = await installation.containers.list(app);
    expect(ended).to.include({ id: instance.id, state: 'exited' });
    expect(others).to.deep.equal([]);
    expect(await installation.query(operations)).to.deep.equal(before);
    expect((await installation.cli('events', '--app', app)).stdout).to.include('mode observe: would do');
  });

  async function proposed(step: string): Promise<void> {
    await eventually(async () => {
      const [event] = await installation.query<{ steps: string[] }>(
        `SELECT details->'steps' AS steps FROM events
         WHERE app_name = $1 AND reason = 'PlanProposed' ORDER BY id DESC`,
        [app],
      );
      expect(event?.steps.join('\n')).to.include(step);
    });
  }
});
