import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import Docker from 'dockerode';
import { buildDemoImage } from '../../scripts/demo-image.ts';
import { eventually } from '../eventually.ts';
import { exitCodeOf, outputOf } from './container.ts';

const IMAGE = 'autoserve/demo-web:1';
const docker = new Docker();

interface LogLine {
  time: string;
  event: string;
  [field: string]: unknown;
}

async function log(container: Docker.Container): Promise<LogLine[]> {
  const lines = (await outputOf(container)).trim().split('\n');
  return lines.map((line): LogLine => JSON.parse(line));
}

describe('the demo image', () => {
  const started: Docker.Container[] = [];

  before(() => buildDemoImage(docker, '1'));

  afterEach(async () => {
    await Promise.all(started.splice(0).map((container) => container.remove({ force: true, v: true })));
  });

  async function run(options: Omit<Docker.ContainerCreateOptions, 'name' | 'Image'> = {}) {
    const container = await docker.createContainer({
      ...options,
      Image: IMAGE,
      name: `demo-image-test-${randomUUID()}`,
    });
    started.push(container);
    await container.start();
    return container;
  }

  async function serve(env: string[] = []) {
    const container = await run({ Env: env });
    const { NetworkSettings } = await container.inspect();
    const url = `http://${NetworkSettings.Networks['bridge']?.IPAddress}:8080`;
    await eventually(() => fetch(url));
    return { container, url };
  }

  it('is left alone when it is up to date', async () => {
    const { Id } = await docker.getImage(IMAGE).inspect();
    expect(await buildDemoImage(docker, '1')).to.equal('up to date');
    expect((await docker.getImage(IMAGE).inspect()).Id).to.equal(Id);
  });

  it('says who answers, in text and in JSON', async () => {
    const { container, url } = await serve();
    const name = (await container.inspect()).Config.Hostname;
    expect(await (await fetch(url)).text()).to.equal(`demo-web 1 on ${name}\n`);
    const reply = await fetch(url, { headers: { accept: 'application/json' } });
    expect(await reply.json()).to.include({ name, version: '1', pid: 1 });
  });

  it('fails its health check when told to, and recovers', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/health`)).status).to.equal(200);
    await fetch(`${url}/health?set=fail`);
    expect((await fetch(`${url}/health`)).status).to.equal(503);
    await fetch(`${url}/health?set=ok`);
    expect((await fetch(`${url}/health`)).status).to.equal(200);
  });

  it('hangs its health check when told to, and still answers the rest', async () => {
    const { container, url } = await serve(['HEALTH=hang']);
    const hanging = fetch(`${url}/health`, { signal: AbortSignal.timeout(500) });
    expect((await fetch(url)).status).to.equal(200);
    expect(await hanging.catch((error: Error) => error.name)).to.equal('TimeoutError');
    await eventually(async () => {
      expect((await log(container)).at(-1)).to.include({ event: 'aborted', url: '/health' });
    });
  });

  it('uses CPU, holds memory and waits as asked', async () => {
    const { url } = await serve();
    expect(await (await fetch(`${url}/burn?ms=20`)).text()).to.equal('burned 20 ms\n');
    expect(await (await fetch(`${url}/memory?mb=8`)).text()).to.equal('holding 8 MiB\n');
    expect(await (await fetch(`${url}/sleep?ms=20`)).text()).to.equal('slept 20 ms\n');
  });

  it('refuses what is out of bounds or unknown, and lives on', async () => {
    const { url } = await serve();
    for (const path of [
      '/burn',
      '/burn?ms=',
      '/burn?ms=60001',
      '/memory?mb=-1',
      '/sleep?ms=x',
      '/health?set=no',
    ]) {
      expect((await fetch(url + path)).status, path).to.equal(400);
    }
    expect((await fetch(`${url}/toString`)).status).to.equal(404);
  });

  it('finishes the requests in hand on SIGTERM, and takes no new ones', async () => {
    const { container, url } = await serve();
    const slow = fetch(`${url}/sleep?ms=5000`);
    await eventually(async () => {
      const self = await (await fetch(url, { headers: { accept: 'application/json' } })).json();
      expect(self).to.include({ requestsInHand: 2 });
    });
    await container.kill({ signal: 'SIGTERM' });
    await eventually(async () => {
      expect((await log(container)).at(-1)).to.include({ event: 'signal', ignored: false });
    });
    expect(await fetch(url).catch((error: Error) => error.name)).to.equal('TypeError');
    expect(await (await slow).text()).to.equal('slept 5000 ms\n');
    expect(await exitCodeOf(container)).to.equal(0);
    const last = (await log(container)).slice(-3);
    expect(last.map(({ event }) => event)).to.deep.equal(['signal', 'request', 'exit']);
    expect(last[1]).to.include({ url: '/sleep?ms=5000', status: 200 });
  });

  it('ignores SIGTERM when told to', async () => {
    const { container, url } = await serve(['IGNORE_SIGTERM=1']);
    await container.kill({ signal: 'SIGTERM' });
    await eventually(async () => {
      expect((await log(container)).at(-1)).to.include({ event: 'signal', ignored: true });
    });
    expect((await fetch(url)).status).to.equal(200);
  });

  it('crashes after the time and with the code it was told', async () => {
    const container = await run({ Env: ['CRASH_AFTER=0.1', 'CRASH_CODE=7'] });
    expect(await exitCodeOf(container)).to.equal(7);
    expect((await log(container)).at(-1)).to.include({ event: 'crash', code: 7 });
  });

  it('runs other code too, as nobody, with /data and /tmp to write to', async () => {
    const code =
      'fs.writeFileSync("/data/a", ""); fs.writeFileSync("/tmp/a", ""); console.log(process.cwd(), os.userInfo().username)';
    const container = await run({ Entrypoint: ['/usr/bin/node'], Cmd: ['-e', code], User: 'nobody' });
    expect(await exitCodeOf(container)).to.equal(0);
    expect(await outputOf(container)).to.equal('/app nobody\n');
  });
});
