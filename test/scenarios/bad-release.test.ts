import { expect } from 'chai';
import { Registry } from '../engine/docker/registry.ts';
import { eventually } from '../eventually.ts';
import { applicationOf, conditionOf, converged, eventsOf } from './agreement.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { HEALTH_CHECK, manifestOf, type AppOptions } from './manifest.ts';

const REPLICAS = 1;
const DEADLINE_SECONDS = 5;
const PATIENT = { spec: { strategy: { progressDeadlineSeconds: 60 } } };

interface Case {
  /** Completes "A release …". */
  name: string;
  release: (neighbour: string) => AppOptions;
  message: RegExp;
  /** Whether the stable revision's instances were gone by the time it failed. */
  late?: true;
}

const cases: Case[] = [
  {
    name: 'whose image does not exist',
    release: () => ({ spec: { image: `${registry.address}/shop/none:1` } }),
    message: /no progress for 5 s/,
  },
  {
    name: 'that crashes at once',
    release: () => ({ ...PATIENT, env: { CRASH_AFTER: '0', CRASH_CODE: '7' } }),
    message: /exited 7, crash 3 in a row/,
  },
  {
    name: 'that crashes after five seconds',
    release: () => ({
      env: { CRASH_AFTER: '5' },
      spec: { strategy: { minReadySeconds: 8, progressDeadlineSeconds: 60 } },
    }),
    message: /exited 1, crash 3 in a row/,
  },
  {
    name: 'that crashes after five seconds, when it serves alone',
    release: () => ({ ...PATIENT, env: { CRASH_AFTER: '5' } }),
    message: /exited 1, crash 3 in a row/,
    late: true,
  },
  {
    name: 'whose health check never passes',
    release: () => ({ env: { HEALTH: 'fail' } }),
    message: /no progress for 5 s/,
  },
  {
    name: 'whose health check hangs',
    release: () => ({ env: { HEALTH: 'hang' } }),
    message: /no progress for 5 s/,
  },
  {
    name: 'whose health check fails every other time where two successes in a row are asked for',
    release: () => ({ env: { HEALTH: 'flaky' }, healthCheck: { ...HEALTH_CHECK, successThreshold: 2 } }),
    message: /no progress for 5 s/,
  },
  {
    name: 'whose health check redirects to another host',
    release: (neighbour) => ({
      env: { HEALTH: 'redirect', HEALTH_REDIRECT: `http://${neighbour}:8080/health?followed` },
    }),
    message: /no progress for 5 s/,
  },
];

let registry: Registry;

describe('A release', function () {
  this.timeout(120_000);
  const installation = useInstallation();
  const neighbour = installation.nameOf('neighbour');
  const apps = cases.map((_, index) => installation.nameOf(`app${index}`));
  const releases: string[] = [];
  let serving: Container[][];

  before(async () => {
    registry = await Registry.open();
    registry.free = true;
    for (const app of [...apps, neighbour]) await declare(app, PATIENT);
    serving = await Promise.all(apps.map(async (app) => await converged(installation, app, REPLICAS)));
    const [{ id }] = (await converged(installation, neighbour, REPLICAS)) as [Container];
    const address = await installation.containers.addressOf(id);
    for (const [index, app] of apps.entries()) {
      const release = (cases[index] as Case).release(address);
      releases.push(await declare(app, release));
    }
  });

  after(async () => await registry.close());

  for (const [index, { name, message, late = false }] of cases.entries()) {
    it(`${name} is rolled back${late ? '' : ', and the stable one serves all the while'}`, async () => {
      const app = apps[index] as string;
      // Who waits for one that serves alone has seen it ready.
      if (late)
        await eventually(async () =>
          expect(await eventsOf(installation, 'RolledBack', app)).to.have.length(1),
        );
      const waited = await installation.cli('wait', app, '--timeout', '60s');
      expect(waited.code).to.equal(1);
      expect(waited.stderr).to.include(
        `app/${app} rolled back; the manifest's revision is held until it changes.`,
      );
      const containers = await converged(installation, app, REPLICAS, 1, 2);
      if (late) serving[index] = containers;
      else expect(containers).to.deep.equal(serving[index]);

      const application = await applicationOf(installation, app);
      expect(application).to.include({ target_revision: 1, target_reason: 'RolledBack' });
      expect(conditionOf(application, 'Synced')).to.include({ status: 'False', reason: 'Quarantined' });
      const [event, ...others] = await eventsOf(installation, 'RolledBack', app);
      expect(event?.message)
        .to.match(/^rolling back to revision 1: revision 2 failed, /)
        .and.match(message);
      expect(others).to.deep.equal([]);
      expect(installation.log).to.include(`"app":"${app}","reason":"RolledBack"`);
      const history = await installation.cli('history', app, '-o', 'json');
      expect(
        (JSON.parse(history.stdout) as Record<string, unknown>[]).map(
          ({ revision, stable, quarantined }) => ({
            revision,
            stable,
            quarantined,
          }),
        ),
      ).to.have.deep.members([
        { revision: 1, stable: true, quarantined: false },
        { revision: 2, stable: late, quarantined: true },
      ]);
    });
  }

  it('whose health check redirects is not followed there', async () => {
    const [{ id }] = (await converged(installation, neighbour, REPLICAS)) as [Container];
    const logs = await installation.docker.getContainer(id).logs({ stdout: true });
    expect(logs.toString()).to.include('/health').and.not.include('followed');
  });

  it('that was rolled back is not tried again when its manifest is written again as it was', async () => {
    for (const [index, app] of apps.entries()) await installation.put(`${app}.yaml`, `${releases[index]}\n`);
    // What another app needed was done: the files have been read.
    await installation.put(
      'neighbour.yaml',
      manifestOf(neighbour, { replicas: REPLICAS + 1, healthCheck: HEALTH_CHECK }),
    );
    await converged(installation, neighbour, REPLICAS + 1);
    for (const [index, app] of apps.entries())
      expect(await converged(installation, app, REPLICAS, 1, 2)).to.deep.equal(serving[index]);
  });

  it('that is changed is rolled out', async () => {
    for (const app of apps) await declare(app, { ...PATIENT, env: { COLOUR: 'green' } });
    await Promise.all(apps.map(async (app) => await converged(installation, app, REPLICAS, 3)));
    for (const app of apps) expect((await installation.cli('wait', app)).code).to.equal(0);
  });

  async function declare(app: string, { spec = {}, ...options }: AppOptions): Promise<string> {
    const strategy = {
      progressDeadlineSeconds: DEADLINE_SECONDS,
      ...(spec['strategy'] as object | undefined),
    };
    const manifest = manifestOf(app, {
      replicas: REPLICAS,
      healthCheck: HEALTH_CHECK,
      ...options,
      spec: { ...spec, strategy },
    });
    await installation.put(`${app === neighbour ? 'neighbour' : app}.yaml`, manifest);
    return manifest;
  }
});
