import { expect } from 'chai';
import Docker from 'dockerode';
import { createServer } from 'node:net';
import type { PullProgress } from '../../../src/engine/engine.ts';
import { expectRefusal, newInstallation } from '../contract/fixture.ts';
import { DockerConfigDirectory, base64Login } from './docker-config.ts';
import { dockerEngine } from './host.ts';
import { PASSWORD, Registry, USER } from './registry.ts';

const MIB = 2 ** 20;

describe('pulling images', () => {
  const docker = new Docker();
  const engine = () => dockerEngine(newInstallation(), { dockerConfig: config.path });
  let registry: Registry;
  let config: DockerConfigDirectory;
  let pulled: string[];

  beforeEach(async () => {
    registry = await Registry.open();
    config = await DockerConfigDirectory.open();
    pulled = [];
    await config.write({ auths: { [registry.address]: base64Login(USER, PASSWORD) } });
  });

  afterEach(async () => {
    await registry.close();
    await config.close();
    for (const image of pulled) await docker.getImage(image).remove();
  });

  it('logs in with what the Docker config has, and knows the digest then', async () => {
    const { image, id, digest } = await registry.add('team/shop', 1000);
    expect(await engine().resolveImage(image, 'IfNotPresent')).to.equal(id);
    pulled.push(image);
    expect(await engine().imageDigest(image)).to.equal(digest);
  });

  it('logs in with what a credential helper says', async () => {
    const { image, id } = await registry.add('shop', 1000);
    await config.write({ credHelpers: { [registry.address]: 'test' } });
    await config.addHelper('test', `echo '{"Username":"${USER}","Secret":"${PASSWORD}"}'`);
    expect(await engine().resolveImage(image, 'IfNotPresent')).to.equal(id);
    pulled.push(image);
  });

  it('takes the new image of a tag with policy Always alone', async () => {
    const first = await registry.add('shop', 1000);
    await engine().resolveImage(first.image, 'Always');
    const second = await registry.add('shop', 2000);
    pulled.push(first.image, first.id);
    expect(await engine().resolveImage(first.image, 'IfNotPresent')).to.equal(first.id);
    expect(await engine().resolveImage(first.image, 'Always')).to.equal(second.id);
    expect(await engine().imageDigest(first.image)).to.equal(second.digest);
  });

  it('reports how far it is, never less than before', async () => {
    const { image } = await registry.add('shop', 4 * MIB);
    const reports: PullProgress[] = [];
    await engine().resolveImage(image, 'IfNotPresent', undefined, (progress) => reports.push(progress));
    pulled.push(image);
    const percents = reports.flatMap(({ percent }) => percent ?? []);
    expect(percents.at(-1)).to.equal(100);
    expect(percents).to.deep.equal(percents.toSorted((a, b) => a - b));
    expect(reports.map(({ status }) => status)).to.include('Downloading');
  });

  it('reports nothing of an image that is present', async () => {
    const { image } = await registry.add('shop', 1000);
    await engine().resolveImage(image, 'IfNotPresent');
    pulled.push(image);
    const reports: PullProgress[] = [];
    await engine().resolveImage(image, 'IfNotPresent', undefined, (progress) => reports.push(progress));
    expect(reports).to.be.empty;
  });

  it('says to log in when the password is wrong, or missing', async () => {
    const { image } = await registry.add('shop', 1000);
    for (const auths of [{ [registry.address]: base64Login(USER, 'wrong') }, {}]) {
      await config.write({ auths });
      const error = await expectRefusal('ImagePullFailed', engine().resolveImage(image, 'IfNotPresent'));
      expect(error.message).to.include(image).and.not.include('wrong').and.not.include('HTTP code');
      expect(error.remedy).to.include('docker login');
    }
  });

  it('names the helper that gave no login when the pull fails for it', async () => {
    const { image } = await registry.add('shop', 1000);
    await config.write({ credsStore: 'absent' });
    const error = await expectRefusal('ImagePullFailed', engine().resolveImage(image, 'IfNotPresent'));
    expect(error.message).to.include(image).and.include('docker-credential-absent');
  });

  it('does not find an image that the registry does not have', async () => {
    const image = `${registry.address}/none:7`;
    const error = await expectRefusal('ImageNotFound', engine().resolveImage(image, 'IfNotPresent'));
    expect(error.message).to.include(image);
  });

  it('fails when the registry fails underway', async () => {
    const { image } = await registry.add('shop', 1000);
    registry.broken = true;
    const error = await expectRefusal('ImagePullFailed', engine().resolveImage(image, 'IfNotPresent'));
    expect(error.message).to.include(image).and.include('500');
    registry.broken = false;
    await engine().resolveImage(image, 'IfNotPresent');
    pulled.push(image);
  });

  it('says that Docker is away, not the registry, when it is', async () => {
    const connection = { socketPath: '/nonexistent/docker.sock' };
    const away = dockerEngine(newInstallation(), { dockerConfig: config.path, connection });
    await expectRefusal('EngineUnavailable', away.resolveImage('shop:1', 'Always'));
  });

  it('is called off by its signal', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const address = silent.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const calledOff = new AbortController();
      const pull = engine().resolveImage(`127.0.0.1:${port}/shop:1`, 'IfNotPresent', calledOff.signal);
      await new Promise((resolve) => silent.once('connection', resolve));
      calledOff.abort();
      await expectRefusal('ImagePullFailed', pull);
    } finally {
      silent.close();
    }
  });
});
