import { expect } from 'chai';
import Docker from 'dockerode';
import type { ContainerSpec, LogLine } from '../../../src/engine/engine.ts';
import type { DockerEngine } from '../../../src/engine/docker/docker-engine.ts';
import { testImage } from '../../docker-image.ts';
import { eventually } from '../../eventually.ts';
import { expectRefusal, newInstallation, specOf } from '../contract/fixture.ts';
import { clean, dockerEngine } from './host.ts';

const MIB = 2 ** 20;

describe('what others do on a Docker host', () => {
  const docker = new Docker();
  let image: string;
  let installation: string;
  let engine: DockerEngine;
  let spec: ContainerSpec;

  before(async () => {
    image = await testImage(docker);
  });

  beforeEach(async () => {
    installation = newInstallation();
    engine = dockerEngine(installation);
    spec = specOf(image, `app-${installation}`);
    await engine.createNetwork();
  });

  afterEach(async () => await clean(docker, installation));

  async function started(container: ContainerSpec): Promise<string> {
    const id = await engine.createContainer(container);
    await engine.startContainer(id);
    return id;
  }

  it('shows limits that somebody else changed, which the listing does not, when the event tells of it', async () => {
    const id = await started({ ...spec, nanoCpus: 500_000_000 });
    const resources = async () =>
      (await engine.observe()).containers.find((each) => each.id === id)?.resources;
    const heard = new Set<string>();
    const watch = engine.watch({
      onChange: (app) => heard.add(app),
      onReconnect: () => undefined,
      onDisconnect: () => undefined,
    });
    try {
      await engine.createContainer(specOf(image, `${spec.identity.app}-last`));
      await eventually(() => expect(heard).to.include(`${spec.identity.app}-last`));
      expect(await resources()).to.deep.equal({ nanoCpus: 500_000_000, memoryBytes: 0 });
      heard.clear();
      await docker.getContainer(id).update({ NanoCpus: 250_000_000 });
      await eventually(() => expect(heard).to.include(spec.identity.app));
      expect(await resources()).to.deep.equal({ nanoCpus: 250_000_000, memoryBytes: 0 });
    } finally {
      watch.close();
    }
  });

  it('keeps swap off when it changes the memory limit', async () => {
    const id = await started({ ...spec, memoryBytes: 64 * MIB });
    await engine.updateContainer(id, { nanoCpus: 0, memoryBytes: 128 * MIB });
    const { HostConfig } = await docker.getContainer(id).inspect();
    expect(HostConfig).to.include({ Memory: 128 * MIB, MemorySwap: 128 * MIB });
  });

  it('says why Docker refuses a limit', async () => {
    const id = await started(spec);
    const error = await expectRefusal(
      'EngineRefused',
      engine.updateContainer(id, { nanoCpus: 0, memoryBytes: 1 }),
    );
    expect(error.message).to.include('6MB');
  });

  it('joins the parts into which Docker cuts long lines, and cuts those without end', async () => {
    const script = `console.log('é'.repeat(25_000)); console.log('x'.repeat(500_000)); process.stdout.write('last')`;
    const id = await started({ ...spec, args: ['-e', script] });
    const lines: LogLine[] = [];
    for await (const line of engine.followLogs(id, { follow: true }, new AbortController().signal)) {
      lines.push(line);
    }
    expect(lines.map(({ line }) => line)).to.deep.equal([
      'é'.repeat(25_000),
      `${'x'.repeat(65_536)}…`,
      'last',
    ]);
    expect(lines.map(({ time }) => time.getTime())).to.satisfy((times: number[]) =>
      times.every((time) => time > 0),
    );
  });

  it('does not remove a volume that a container of somebody else has', async () => {
    const volumes = [{ source: { volume: 'data' }, mountPath: '/state', readOnly: false }];
    await engine.removeContainer(await engine.createContainer({ ...spec, volumes }));
    const [volume] = await engine.listVolumes();
    const name = volume?.name ?? '';
    const backup = await docker.createContainer({ Image: image, HostConfig: { Binds: [`${name}:/backup`] } });
    try {
      expect(await engine.listVolumes()).to.deep.equal([{ ...volume, inUse: true }]);
      await expectRefusal('EngineRefused', engine.removeVolume(name));
    } finally {
      await backup.remove();
    }
    await engine.removeVolume(name);
  });

  it('never removes a volume that it did not make', async () => {
    const name = `autoserve-${installation}-web-foreign`;
    await docker.createVolume({ Name: name });
    try {
      expect(await engine.listVolumes()).to.be.empty;
      const error = await expectRefusal('EngineRefused', engine.removeVolume(name));
      expect(error.message).to.include('not of installation');
    } finally {
      await docker.getVolume(name).remove();
    }
  });
});
