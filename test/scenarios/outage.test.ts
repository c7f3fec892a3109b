import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { eventually } from '../eventually.ts';
import { applicationOf, conditionOf, converged, eventsOf } from './agreement.ts';
import type { Container } from './containers.ts';
import { DatabaseServer } from './database-server.ts';
import { DockerDaemon } from './docker-daemon.ts';
import { useInstallation } from './hooks.ts';
import type { Installation } from './installation.ts';
import { manifestOf } from './manifest.ts';
import { postmasterOf } from './postmaster.ts';

const REPLICAS = 3;
/** AutoServe looks for Docker every ten seconds after a while, and instances are replaced one by one. */
const AFTER_DOCKER_MS = 90_000;

describe('While PostgreSQL is stopped', function () {
  this.timeout(150_000);
  const server = new DatabaseServer();
  const options = {
    get databaseUrl() {
      return server.url;
    },
  };
  const installation = useInstallation(options, server);
  const app = installation.nameOf('web');

  before(async () => {
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS }));
    await converged(installation, app, REPLICAS);
  });

  for (const seconds of [10, 60]) {
    it(`for ${seconds} s, instances are healed, and what happened lands when it is back`, async () => {
      const before = await converged(installation, app, REPLICAS);
      const healed = (await eventsOf(installation, 'InstanceReplaced', app)).length;
      const outage = setTimeout(seconds * 1000);
      await server.stop();

      const victim = before[1] as Container;
      await installation.docker.getContainer(victim.id).kill();
      const replacement = await running(installation, app, victim);
      await outage;
      await server.start();

      const after = await converged(installation, app, REPLICAS);
      expect(after[1]).to.deep.equal(replacement);
      expect(after.filter(({ index }) => index !== 1)).to.deep.equal(
        before.filter(({ index }) => index !== 1),
      );
      const events = await eventsOf(installation, 'InstanceReplaced', app);
      expect(events).to.have.length(healed + 1);
      expect(events[0]).to.include({ container_id: replacement.id });
    });
  }

  it('a manifest that is dropped is acted on when it is back', async () => {
    const before = await converged(installation, app, REPLICAS);
    await server.stop();
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS + 1 }));
    await eventually(() => expect(installation.log).to.include('could not sync'));
    await server.start();
    expect((await converged(installation, app, REPLICAS + 1)).slice(0, REPLICAS)).to.deep.equal(before);
  });
});

describe('When the embedded PostgreSQL is killed', () => {
  const installation = useInstallation();

  it('it is started again, nothing that it knew is lost, and the apps do not notice', async () => {
    const app = installation.nameOf('web');
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS }));
    const before = await converged(installation, app, REPLICAS);
    const killed = await postmasterOf(installation.dataDir);
    process.kill(killed?.pid ?? 0, 'SIGKILL');

    await eventually(async () => {
      const server = await postmasterOf(installation.dataDir);
      expect(server?.ready).to.equal(true);
      expect(server?.pid).not.to.equal(killed?.pid);
    });
    expect(await converged(installation, app, REPLICAS)).to.deep.equal(before);
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS + 1 }));
    expect((await converged(installation, app, REPLICAS + 1)).slice(0, REPLICAS)).to.deep.equal(before);
  });
});

// A Docker Engine of one's own takes root.
(DockerDaemon.isPossible() ? describe : describe.skip)('When Docker', function () {
  this.timeout(180_000);
  const daemon = new DockerDaemon();
  const installation = useInstallation({ docker: daemon.docker, env: { DOCKER_HOST: daemon.host } }, daemon);
  const app = installation.nameOf('web');

  before(async () => {
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS }));
    await converged(installation, app, REPLICAS);
  });

  for (const [what, signal] of [
    ['is restarted', 'SIGTERM'],
    ['is killed and started again', 'SIGKILL'],
  ] as const) {
    it(`${what}, its apps come back, and that nothing was known of them is shown meanwhile`, async () => {
      const ready = async () => conditionOf(await applicationOf(installation, app), 'Ready');
      await daemon.end(signal);
      await eventually(async () => {
        expect(await ready()).to.include({ status: 'Unknown', reason: 'EngineUnavailable' });
      });
      await daemon.start();
      await eventually(async () => await converged(installation, app, REPLICAS), AFTER_DOCKER_MS);
      expect(await ready()).to.include({ status: 'True' });
    });
  }

  it('is restarted in the middle of a rollout, that goes on', async () => {
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS, env: { COLOUR: 'green' } }));
    await eventually(async () => {
      const revisions = (await installation.containers.list(app)).map(({ revision }) => revision);
      expect(revisions).to.include(2);
    });
    await daemon.end('SIGTERM');
    await daemon.start();
    await eventually(async () => await converged(installation, app, REPLICAS, 2), AFTER_DOCKER_MS);
  });
});

/** Waits until an instance's replacement runs, as Docker alone tells. */
async function running(installation: Installation, app: string, victim: Container): Promise<Container> {
  return await eventually(async () => {
    const containers = await installation.containers.list(app);
    const replacement = containers.find(({ id, index }) => index === victim.index && id !== victim.id);
    if (replacement?.state !== 'running') throw new Error(`${victim.name} is not replaced`);
    return replacement;
  });
}
