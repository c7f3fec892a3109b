import { expect } from 'chai';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ContainerInspectInfo } from 'dockerode';
import { ingressLabels } from '../../src/engine/labels.ts';
import { eventually } from '../eventually.ts';
import { awaitCondition, converged, eventsOf, gone, type EventRow } from './agreement.ts';
import { useInstallation } from './hooks.ts';
import { IngressGround } from './ingress.ts';
import type { Installation } from './installation.ts';
import { HEALTH_CHECK, manifestOf } from './manifest.ts';

const HOST = 'market.localhost';
/** A try to start nginx takes its time, and so does the pause until the next one. */
const DEADLINE_MS = 60_000;
/** For a host, and for a path behind a slash. */
const HOSTILE_VALUES = ['a;b', 'a{b', 'a}b', "a'b", 'a"b', 'a$b', '${a}', 'a\nb', 'a b', '..', 'a/../b'];
const HOSTILE_HOSTS = [
  '',
  'a;b',
  '$host',
  '${host}',
  '{}',
  '"',
  "'",
  '`id`',
  'a b',
  '..',
  `"${HOST}"`,
  `../${HOST}`,
  `${HOST};`,
];
const HOSTILE_PATHS = [
  '/../etc/passwd',
  '/..%2f..%2fetc/passwd',
  '/a/../../b',
  '//..',
  '/%00',
  '/%0aHost:%20a',
  '/a b',
  '/a\x01b',
  '*',
  '/;',
  '/$host',
  '/${host}',
  '/{',
  '/}',
  '/"',
  "/'",
  '/`id`',
  '/<script>',
];
const HOSTILE_HEADERS = [
  'x\x00: a',
  'x : a',
  'x: a\x00b',
  `host: ${HOST}`,
  'content-length: -1',
  'content-length: 1\r\ncontent-length: 2',
  'content-length: 3\r\ntransfer-encoding: chunked',
  `x: ${'a'.repeat(70_000)}`,
];

describe('The ingress', function () {
  this.timeout(120_000);
  const ingress = new IngressGround();
  const installation = useInstallation({ env: ingress.env }, ingress);
  const web = installation.nameOf('web');
  const shop = installation.nameOf('shop');
  const rival = installation.nameOf('rival');

  before(async () => {
    await installation.put('web.yaml', manifestOf(web, { replicas: 2, healthCheck: HEALTH_CHECK }));
    await installation.put('shop.yaml', onMarket(shop));
    await Promise.all([converged(installation, web, 2), converged(installation, shop, 1)]);
    await serves(HOST, shop);
    await serves(`${web}.localhost`, web);
  });

  it('keeps a host and path for the app that has them, and tells the second one whose they are', async () => {
    await installation.put('rival.yaml', onMarket(rival));
    await converged(installation, rival, 1);
    const message = await eventually(async () => {
      const [event] = await eventsOf(installation, 'RouteTaken', rival);
      return event?.message ?? expect.fail('nobody was told');
    });
    expect(message).to.include(`app "${rival}" (rival.yaml)`).and.include(`app "${shop}" (shop.yaml)`);
    expect(message).to.include(`http://${HOST}/`).and.include('spec.ingress.host');
    expect((await installation.cli('describe', 'app', rival)).stdout).to.include(message);
    expect((await installation.cli('get', 'events', rival)).stdout).to.include('RouteTaken');
    await eventually(async () => {
      expect((await installation.cli('get', 'app', rival)).stdout).to.include(message);
      expect((await installation.cli('describe', 'app', rival)).stdout).to.not.match(/^ *url /m);
    });
    await serves(HOST, shop);
    await installation.end('SIGTERM');
    await installation.start();
    await eventually(async () => {
      expect(await eventsOf(installation, 'RouteTaken')).to.have.length(2);
    });
    await serves(HOST, shop);
  });

  it('leads to the second app once the first has left', async () => {
    await installation.remove('shop.yaml');
    await gone(installation, shop);
    await serves(HOST, rival);
    expect(await eventsOf(installation, 'RouteTaken', shop)).to.deep.equal([]);
    await eventually(async () =>
      expect((await installation.cli('describe', 'app', rival)).stdout).to.match(/^ *url +http/m),
    );
  });

  it('serves again after nginx was killed, or its container removed, and no app notices', async () => {
    const apps = await installation.containers.list();
    for (const harm of [
      (id: string) => installation.docker.getContainer(id).kill(),
      (id: string) => installation.docker.getContainer(id).remove({ force: true }),
    ]) {
      const { Id: before } = await nginxOf(installation);
      await harm(before);
      await eventually(async () => {
        const { Id: id, State: state } = await nginxOf(installation);
        expect(id).to.not.equal(before);
        expect(state.Running).to.equal(true);
      }, DEADLINE_MS);
      await serves(HOST, rival);
      await serves(`${web}.localhost`, web);
    }
    expect(await installation.containers.list()).to.deep.equal(apps);
    expect(await eventsOf(installation, 'NameTaken')).to.deep.equal([]);
  });

  it('tells once that its port is taken, keeps no app from being healed, and serves when the port is free', async () => {
    const [first] = await converged(installation, web, 2);
    const [other] = await converged(installation, rival, 1);
    const taking = eventually(async () => await ingress.takePort());
    await installation.docker.getContainer((await nginxOf(installation)).Id).remove({ force: true });
    const holder = await taking;
    try {
      await eventually(async () => {
        const [event] = await eventsOf(installation, 'PortTaken');
        expect(event).to.include({ severity: 'error', app_name: null });
        expect(event?.message).to.include(`:${ingress.port}`).and.include('--ingress-port');
      });
      await awaitCondition(installation, web, 'RouteServed', 'False PortTaken');
      expect((await installation.cli('get', 'app', web)).stdout).to.include('--ingress-port');
      const [, second] = await converged(installation, web, 2);
      await installation.docker.getContainer(second?.id ?? '').kill();
      await eventually(async () => {
        const now = await converged(installation, web, 2);
        expect(now[1]?.id).to.not.equal(second?.id);
        expect(now[0]).to.deep.equal(first);
      });
      await installation.put('web.yaml', manifestOf(web, { replicas: 1, healthCheck: HEALTH_CHECK }));
      expect(await converged(installation, web, 1)).to.deep.equal([first]);
      await eventually(() => expect(failuresOf(installation)).to.be.at.least(3));
      expect(await eventsOf(installation, 'PortTaken')).to.have.length(1);
    } finally {
      holder.close();
    }
    await serves(`${web}.localhost`, web);
    await serves(HOST, rival);
    await awaitCondition(installation, web, 'RouteServed', 'True IngressServing');
    expect(await converged(installation, rival, 1)).to.deep.equal([other]);
    await eventually(async () => {
      const [last] = await installation.query(
        `SELECT reason FROM events WHERE source = 'ingress' ORDER BY id DESC LIMIT 1`,
      );
      expect(last).to.deep.equal({ reason: 'IngressServing' });
    });
  });

  it('is given no host and no path that means something to nginx, and says where they stand', async () => {
    const documents = HOSTILE_VALUES.flatMap((value, index) => [
      { field: 'host', text: manifestOf(`host-${index}`, { spec: { ingress: { host: value } } }) },
      { field: 'path', text: manifestOf(`path-${index}`, { spec: { ingress: { path: `/${value}` } } }) },
    ]);
    await installation.put('hostile.yaml', documents.map((document) => document.text).join('\n---\n'));
    const { code, stdout } = await installation.cli('validate');
    expect(code).to.equal(1);
    for (const [index, { field, text: document }] of documents.entries()) {
      const key = `"${field}":`;
      const place = `${2 * index + 1}:${document.indexOf(key) + key.length + 1}`;
      expect(stdout).to.include(`hostile.yaml:${place}  error  spec.ingress.${field} must be`);
    }
    await eventually(async () => {
      const [file] = await installation.query<{ errors: unknown[] }>(
        `SELECT errors FROM manifests WHERE path = 'hostile.yaml'`,
      );
      expect(file?.errors).to.have.length(documents.length);
    });
    await installation.remove('hostile.yaml');
    await serves(HOST, rival);
  });

  it('answers hostile requests with 400 or 404, and goes on serving', async () => {
    const { Id: id, State: before } = await nginxOf(installation);
    for (const head of [
      'GET / HTTP/1.1\r\nconnection: close',
      `GET http://other.localhost/ HTTP/1.1\r\nconnection: close\r\nhost: ${HOST}`,
      ...HOSTILE_HOSTS.map((host) => headOf('/', host)),
      ...HOSTILE_PATHS.map((path) => headOf(path, HOST)),
      ...HOSTILE_HEADERS.map((header) => `${headOf('/', HOST)}\r\n${header}`),
    ]) {
      expect(await statusOf(ingress.port, head), JSON.stringify(head.slice(0, 200))).to.be.oneOf([400, 404]);
    }
    const harmless = `${headOf('/', HOST)}\r\nx-forwarded-host: $host;{}"'..\r\nx: ;{}"'$host..\r\nx-accel-redirect: /`;
    expect(await statusOf(ingress.port, harmless)).to.equal(200);
    await serves(HOST, rival);
    const { Id: same, State: after } = await nginxOf(installation);
    expect({ id: same, startedAt: after.StartedAt }).to.deep.equal({ id, startedAt: before.StartedAt });
    const said = await installation.docker.getContainer(id).logs({ stdout: true, stderr: true });
    expect(said.toString()).to.not.match(/alert|signal/);
  });

  function onMarket(app: string): string {
    return manifestOf(app, { spec: { ingress: { host: HOST } } });
  }

  /** Waits until a host leads to an instance of the app. */
  async function serves(host: string, app: string): Promise<void> {
    await eventually(async () => {
      const body = await bodyOf(ingress.port, host);
      const containers = await installation.containers.list(app);
      const names = containers.map(({ id }) => `demo-web 1 on ${id.slice(0, 12)}`);
      expect(body.trim()).to.be.oneOf(names);
    }, DEADLINE_MS);
  }
});

describe('An ingress whose image is missing', function () {
  this.timeout(120_000);
  const image = 'autoserve/no-such-ingress:1';
  const ingress = new IngressGround(image);
  const installation = useInstallation({ env: ingress.env }, ingress);
  const web = installation.nameOf('web');

  it('tells so once, with what can be done, and keeps no app from running, changing and leaving', async () => {
    // The last app would not leave without being confirmed.
    await installation.put('idle.yaml', manifestOf(installation.nameOf('idle'), { replicas: 0 }));
    await installation.put('web.yaml', manifestOf(web, { replicas: 2 }));
    const [first] = await converged(installation, web, 2);
    await eventually(async () => {
      const [event] = await imageEvents();
      expect(event).to.include({ severity: 'error', app_name: null });
      expect(event?.message).to.include(image).and.include('--ingress-image');
    });
    await installation.put('web.yaml', manifestOf(web, { replicas: 1 }));
    expect(await converged(installation, web, 1)).to.deep.equal([first]);
    await eventually(() => expect(failuresOf(installation)).to.be.at.least(3));
    expect(await imageEvents()).to.have.length(1);
    await installation.remove('web.yaml');
    await gone(installation, web);
  });

  /** Whether a registry says that there is no such image depends on whether one can be reached. */
  async function imageEvents(): Promise<EventRow[]> {
    const reasons = ['ImageNotFound', 'ImagePullFailed'];
    return (await Promise.all(reasons.map((reason) => eventsOf(installation, reason)))).flat();
  }
});

async function nginxOf(installation: Installation): Promise<ContainerInspectInfo> {
  const label = Object.entries(ingressLabels(installation.id)).map(([name, value]) => `${name}=${value}`);
  const [found] = await installation.docker.listContainers({ all: true, filters: { label } });
  if (!found) throw new Error('there is no nginx');
  return await installation.docker.getContainer(found.Id).inspect();
}

/** How often nginx could not be brought to serve. */
function failuresOf(installation: Installation): number {
  return installation.log.split('"the ingress is not as it should be: ').length - 1;
}

async function bodyOf(port: number, host: string): Promise<string> {
  const request = get({ host: '127.0.0.1', port, agent: false, headers: { host } });
  const [response] = await once(request, 'response');
  return await text(response);
}

function headOf(path: string, host: string): string {
  return `GET ${path} HTTP/1.1\r\nconnection: close\r\nhost: ${host}`;
}

/** Of the answer to a request that begins with these lines, as they are; nginx may leave the connection open after it. */
async function statusOf(port: number, head: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${head}\r\n\r\n`, 'latin1');
  const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(String(answer))?.[1]);
}
