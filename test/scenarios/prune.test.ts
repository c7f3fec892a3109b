import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { applicationOf, conditionOf, converged, eventsOf, gone } from './agreement.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { manifestOf } from './manifest.ts';

describe('Manifests that all vanish at once', () => {
  const installation = useInstallation();
  const apps = ['one', 'two', 'three'].map((name) => installation.nameOf(name));
  const kept = installation.nameOf('kept');
  let containers: Container[];

  before(async () => {
    for (const app of apps) await installation.put(`${app}.yaml`, manifestOf(app));
    const annotations = { 'autoserve.io/prune': 'false' };
    await installation.put('kept.yaml', manifestOf(kept, { annotations }));
    containers = await running();
  });

  it('are held: every app runs on, and its status says why', async () => {
    await installation.remove(...apps.map((app) => `${app}.yaml`));
    await held();
    const [event] = await eventsOf(installation, 'PruneHeld');
    expect(event?.message).to.include('autoserve sync --confirm-prune');
    for (const app of apps) expect(event?.message).to.include(app);
    expect(await running()).to.deep.equal(containers);
  });

  it('are held after a restart, too', async () => {
    await installation.end('SIGTERM');
    await installation.start();
    await held();
    expect(await running()).to.deep.equal(containers);
  });

  it('release every app whose manifest is put back', async () => {
    for (const app of apps) await installation.put(`${app}.yaml`, manifestOf(app));
    await eventually(async () => {
      for (const app of apps) expect(await syncedOf(app)).to.equal('Synced');
    });
    expect(await running()).to.deep.equal(containers);
  });

  it('are pruned when that is confirmed, but for what is protected', async () => {
    await installation.remove(...apps.map((app) => `${app}.yaml`), 'kept.yaml');
    await held();
    const { code, stdout } = await installation.cli('sync', '--confirm-prune');
    expect(code).to.equal(0);
    for (const app of apps) {
      expect(stdout).to.include(app);
      await gone(installation, app);
    }
    expect(await converged(installation, kept, 1)).to.deep.equal(containers.slice(-1));
  });

  async function running(): Promise<Container[]> {
    return (await Promise.all([...apps, kept].map((app) => converged(installation, app, 1)))).flat();
  }

  async function held(): Promise<void> {
    await eventually(async () => {
      for (const app of apps) expect(await syncedOf(app)).to.equal('PruneHeld');
    });
  }

  async function syncedOf(app: string): Promise<string | undefined> {
    return conditionOf(await applicationOf(installation, app), 'Synced')?.reason;
  }
});
