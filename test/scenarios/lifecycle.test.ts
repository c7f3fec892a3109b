import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { applicationOf, converged, eventsOf, gone } from './agreement.ts';
import { useInstallation } from './hooks.ts';
import { manifestOf } from './manifest.ts';
import type { Container } from './containers.ts';

describe('An app, from its manifest to its end', () => {
  const installation = useInstallation();
  const app = installation.nameOf('web');
  const neighbour = installation.nameOf('neighbour');
  let bystanders: Container[];

  before(async () => {
    await installation.put('neighbour.yaml', manifestOf(neighbour, { replicas: 2 }));
    bystanders = await converged(installation, neighbour, 2);
  });

  afterEach('the neighbour keeps its processes', async () => {
    expect(await installation.containers.list(neighbour)).to.deep.equal(bystanders);
  });

  it('runs as soon as its manifest is dropped, and the database says so', async () => {
    await installation.put('web.yaml', manifestOf(app, { replicas: 3 }));
    await converged(installation, app, 3);
    expect(await eventsOf(installation, 'ApplicationRegistered', app)).to.have.length(1);
    expect(await eventsOf(installation, 'InstanceStarted', app)).to.have.length(3);
  });

  it('scales out without touching the instances it has', async () => {
    const before = await converged(installation, app, 3);
    await installation.put('web.yaml', manifestOf(app, { replicas: 5 }));
    const after = await converged(installation, app, 5);
    expect(after.slice(0, 3)).to.deep.equal(before);
    expect((await applicationOf(installation, app)).revision).to.equal(1);
  });

  it('scales in from the highest index', async () => {
    const before = await converged(installation, app, 5);
    await installation.put('web.yaml', manifestOf(app, { replicas: 2 }));
    expect(await converged(installation, app, 2)).to.deep.equal(before.slice(0, 2));
    const removals = await eventsOf(installation, 'InstanceRemoved', app);
    expect(removals.map(({ container_id: id }) => id)).to.have.members(before.slice(2).map(({ id }) => id));
  });

  it('is replaced instance by instance when its environment changes', async () => {
    const before = await converged(installation, app, 2);
    await installation.put('web.yaml', manifestOf(app, { replicas: 2, env: { COLOUR: 'green' } }));
    const after = await converged(installation, app, 2, 2);
    for (const { id } of after) {
      expect(before.map((container) => container.id)).not.to.include(id);
      expect(await installation.containers.evaluate(id, 'process.env.COLOUR')).to.equal('green');
    }
    const revisions = await installation.query(
      'SELECT revision FROM revisions WHERE app_name = $1 ORDER BY revision',
      [app],
    );
    expect(revisions).to.deep.equal([{ revision: 1 }, { revision: 2 }]);
  });

  it('moves to another file without being touched', async () => {
    const before = await converged(installation, app, 2, 2);
    await installation.put('moved/web.yaml', manifestOf(app, { replicas: 2, env: { COLOUR: 'green' } }));
    await installation.remove('web.yaml');
    await eventually(async () => {
      expect((await applicationOf(installation, app)).source_path).to.equal('moved/web.yaml');
    });
    expect(await converged(installation, app, 2, 2)).to.deep.equal(before);
  });

  it('is gone when its manifest is, and its history stays', async () => {
    await installation.remove('moved/web.yaml');
    await gone(installation, app);
    expect(await eventsOf(installation, 'ApplicationRegistered', app)).to.have.length(1);
  });
});
