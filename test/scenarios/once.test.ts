import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Installation } from './installation.ts';
import { testImage } from '../docker-image.ts';
import { manifestOf } from './manifest.ts';

describe('autoserve up --once', () => {
  const installation = new Installation();
  const app = installation.nameOf('web');

  before(async () => {
    await testImage(installation.docker);
    await installation.create();
  });
  after(async () => await installation.dispose());

  it('exits 124 when the time is over, and what it began runs on', async () => {
    const spec = { strategy: { minReadySeconds: 5 } };
    await installation.put('web.yaml', manifestOf(app, { replicas: 2, spec }));
    expect((await installation.cli('up', '--once', '--timeout', '4s')).code).to.equal(124);
    expect(await installation.containers.list(app)).not.to.deep.equal([]);
  });

  it('exits 0 when everything is as declared, and everything runs on', async () => {
    expect((await installation.cli('up', '--once', '--timeout', '60s')).code).to.equal(0);
    const containers = await installation.containers.list(app);
    expect(containers.map(({ state }) => state)).to.deep.equal(['running', 'running']);
  });

  it('exits 0 again without touching anything', async () => {
    const before = await installation.containers.list(app);
    expect((await installation.cli('up', '--once', '--timeout', '60s')).code).to.equal(0);
    expect(await installation.containers.list(app)).to.deep.equal(before);
  });

  it('exits 1 when a manifest is rejected, and carries out the others', async () => {
    const other = installation.nameOf('other');
    await installation.put('bad.yaml', 'kind: App\nspec: {imag: x}\n');
    await installation.put('other.yaml', manifestOf(other));
    const { code, stderr } = await installation.cli('up', '--once', '--timeout', '60s');
    expect(code).to.equal(1);
    expect(stderr).to.match(/bad\.yaml:2:8: unknown field/);
    expect(await installation.containers.list(other)).to.have.length(1);
    await installation.remove('bad.yaml');
  });

  it('exits 1 when the port of its metrics is taken, before it has made anything, and leaves nothing behind that runs on', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const unseen = installation.nameOf('unseen');
    await installation.put('unseen.yaml', manifestOf(unseen));
    try {
      const { code, stderr } = await installation.cli('up', '--listen', `127.0.0.1:${port}`);
      expect(code).to.equal(1);
      expect(stderr).to.include(`cannot listen on 127.0.0.1:${port}`);
      expect(await installation.containers.list(unseen)).to.deep.equal([]);
    } finally {
      holder.close();
      await installation.remove('unseen.yaml');
    }
  });

  it('exits 1 when an image is nowhere to be found, and says so', async () => {
    const spec = { image: 'autoserve/no-such-image:1', imagePullPolicy: 'Never' };
    await installation.put('lost.yaml', manifestOf(installation.nameOf('lost'), { spec }));
    const { code, stderr } = await installation.cli('up', '--once', '--timeout', '60s');
    expect(code).to.equal(1);
    expect(stderr).to.include('autoserve/no-such-image:1');
  });

  it('writes its log in lines at a terminal, where JSON is for programs', async () => {
    const terminal = new Installation({
      through: ['sh', '-c', 'exec script -qec "$*" /dev/null', 'sh'],
      env: { NO_COLOR: '1' },
    });
    await terminal.create();
    try {
      const { stdout } = await terminal.cli('up', '--once', '--timeout', '60s');
      expect(stdout).to.match(/^\[\d\d:\d\d:\d\d\] INFO: watching \{"manifests":/m);
    } finally {
      await terminal.dispose();
    }
    const { stderr } = await installation.cli('up', '--once', '--timeout', '60s');
    expect(stderr).to.match(/^\{"level":30,.*"msg":"watching"\}$/m);
  });
});
