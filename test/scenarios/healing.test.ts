import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import { eventually } from '../eventually.ts';
import { applicationOf, conditionOf, converged, eventsOf } from './agreement.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { manifestOf } from './manifest.ts';

const REPLICAS = 3;
const MIB = 1024 * 1024;

describe('An instance that somebody', () => {
  const installation = useInstallation();
  const app = installation.nameOf('web');

  before(async () => {
    const spec = { resources: { memory: '256Mi' } };
    await installation.put('web.yaml', manifestOf(app, { replicas: REPLICAS, spec }));
    await converged(installation, app, REPLICAS);
  });

  const disturbances: [
    name: string,
    disturb: (container: Docker.Container) => Promise<unknown>,
    told: RegExp,
  ][] = [
    ['pauses', (container) => container.pause(), /was paused, not by AutoServe/],
    [
      'renames',
      (container) => container.rename({ name: installation.nameOf('renamed') }),
      /was renamed to renamed-\S+, not by AutoServe/,
    ],
    [
      'disconnects',
      (container) =>
        installation.docker
          .getNetwork(`autoserve-${installation.id}`)
          .disconnect({ Container: container.id }),
      /was disconnected from its network, not by AutoServe/,
    ],
    ['kills', (container) => container.kill(), /was killed, not by AutoServe/],
    ['stops', (container) => container.stop(), /was stopped, not by AutoServe/],
    [
      'updates to have a limit where none is declared',
      (container) => container.update({ NanoCpus: 500_000_000 }),
      /was updated to have a limit, not by AutoServe/,
    ],
    ['removes', (container) => container.remove({ force: true }), /was (killed|removed), not by AutoServe/],
  ];

  it('connects to another network stays as it is', async () => {
    const before = await converged(installation, app, REPLICAS);
    const name = installation.nameOf('elsewhere');
    const network = await installation.docker.createNetwork({ Name: name });
    try {
      await network.connect({ Container: before[0]?.id ?? '' });
      // One that has to be healed shows that a look was taken since.
      const victim = before[1] as Container;
      await installation.docker.getContainer(victim.id).pause();
      expect((await replaced(victim))[0]).to.deep.equal(before[0]);
    } finally {
      await network.disconnect({ Container: before[0]?.id ?? '', Force: true });
      await network.remove();
    }
  });

  for (const [name, disturb, told] of disturbances) {
    it(`${name} is replaced, and the others keep their processes`, async () => {
      const before = await converged(installation, app, REPLICAS);
      const victim = before[1] as Container;
      await disturb(installation.docker.getContainer(victim.id));
      const after = await replaced(victim);
      expect(after.filter(({ index }) => index !== 1)).to.deep.equal(
        before.filter(({ index }) => index !== 1),
      );
      const [event] = await eventsOf(installation, 'InstanceReplaced', app);
      expect(event?.message).to.include(victim.name).and.match(told);
      expect(event).to.include({ severity: 'warning', container_id: after[1]?.id });
    });
  }

  it('updates to another limit than is declared gets that again, keeps its process, and is named', async () => {
    const before = await converged(installation, app, REPLICAS);
    const victim = installation.docker.getContainer(before[1]?.id ?? '');
    await victim.update({ Memory: 128 * MIB, MemorySwap: 128 * MIB });
    await eventually(async () => {
      const { Memory, MemorySwap } = (await victim.inspect()).HostConfig;
      expect([Memory, MemorySwap]).to.deep.equal([256 * MIB, 256 * MIB]);
    });
    expect(await converged(installation, app, REPLICAS)).to.deep.equal(before);
    const [event] = await eventsOf(installation, 'LimitsRestored', app);
    expect(event?.message).to.equal(`${before[1]?.name} was updated to other limits, not by AutoServe`);
  });

  async function replaced(victim: Container): Promise<Container[]> {
    return await eventually(async () => {
      const containers = await converged(installation, app, REPLICAS);
      expect(containers.map(({ id }) => id)).not.to.include(victim.id);
      return containers;
    });
  }
});

describe('A container of somebody else', () => {
  const installation = useInstallation();
  let foreign: Docker.Container | undefined;

  afterEach(async () => {
    await foreign?.remove({ force: true });
    foreign = undefined;
  });

  it('that has the name of an instance is left alone and reported, and the app runs all the same', async () => {
    const app = installation.nameOf('web');
    foreign = await startForeign(`${app}-0-r1-1`, {});
    const before = await foreign.inspect();

    await installation.put('web.yaml', manifestOf(app));
    const [instance] = await converged(installation, app, 1);
    expect(instance?.id).not.to.equal(before.Id);

    const [event] = await eventsOf(installation, 'NameTaken', app);
    expect(event?.message).to.include(before.Id.slice(0, 12)).and.include('is left alone');
    expect(event?.severity).to.equal('error');
    expect(conditionOf(await applicationOf(installation, app), 'Ready')?.status).to.equal('True');
    const after = await foreign.inspect();
    expect({ ...after.State, name: after.Name }).to.deep.equal({ ...before.State, name: before.Name });
  });

  it('that carries the label of the installation but nothing else of ours is left alone', async () => {
    foreign = await startForeign(installation.nameOf('copy'), {
      'autoserve.io/installation': installation.id,
    });
    const before = await foreign.inspect();
    const app = installation.nameOf('other');
    await installation.put('other.yaml', manifestOf(app));
    await eventually(async () => {
      expect((await applicationOf(installation, app)).status).to.equal('running');
    });
    expect((await foreign.inspect()).State).to.deep.equal(before.State);
  });

  it('that another AutoServe made under the same name of installation is left alone and reported once', async () => {
    const app = installation.nameOf('split');
    await installation.put('split.yaml', manifestOf(app));
    const [instance] = (await converged(installation, app, 1)) as [Container];
    const { Config } = await installation.docker.getContainer(instance.id).inspect();
    const name = `${app}-0-r1-9`;
    foreign = await startForeign(name, {
      ...Config.Labels,
      'autoserve.io/uid': randomUUID(),
      'autoserve.io/name': name,
      'autoserve.io/attempt': '9',
    });
    const before = await foreign.inspect();
    const told = await eventually(async () => {
      const events = await eventsOf(installation, 'ContainerUnknown', app);
      expect(events).to.have.length(1);
      return events[0];
    });
    expect(told).to.include({ container_id: before.Id, severity: 'warning' });
    expect(told?.message).to.include(name).and.include('--installation');
    // One that has to be healed shows that a look was taken since.
    await installation.docker.getContainer(instance.id).kill();
    await eventually(async () => {
      expect(await eventsOf(installation, 'InstanceReplaced', app)).to.have.length(1);
    });
    expect(await eventsOf(installation, 'ContainerUnknown', app)).to.have.length(1);
    expect((await foreign.inspect()).State).to.deep.equal(before.State);
  });

  async function startForeign(name: string, Labels: Record<string, string>): Promise<Docker.Container> {
    const container = await installation.docker.createContainer({
      name,
      Labels,
      Image: 'autoserve/demo-web:1',
    });
    await container.start();
    return container;
  }
});
