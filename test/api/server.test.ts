import { expect } from 'chai';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { parseListenAddress } from '../../src/api/listen-address.ts';
import { startApi, type Api, type ApiOptions } from '../../src/api/server.ts';
import { AutoServeError } from '../../src/error.ts';
import { eventually } from '../eventually.ts';

interface Answer {
  status: number | undefined;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

describe('startApi', () => {
  let api: Api | undefined;
  let ageMs: number;
  let checks: Record<string, () => Promise<unknown>>;
  let page: () => Promise<string>;
  let errors: unknown[];

  beforeEach(() => {
    ageMs = 0;
    checks = { database: async () => await Promise.resolve(), docker: async () => await Promise.resolve() };
    page = async () => await Promise.resolve('autoserve_queue_depth 0\n');
    errors = [];
  });
  afterEach(async () => {
    await api?.close();
    api = undefined;
  });

  async function start(some: Partial<ApiOptions> = {}): Promise<Api> {
    api = await startApi({
      listen: { host: '127.0.0.1', port: 0 },
      metrics: { contentType: 'text/plain; version=0.0.4', page: () => page() },
      lastPassAgeMs: () => ageMs,
      stalledAfterMs: 180_000,
      checks,
      checkMs: 100,
      onError: (error) => errors.push(error),
      ...some,
    });
    return api;
  }

  async function ask(path: string, method = 'GET'): Promise<Answer> {
    const { host, port } = api?.address ?? expect.fail('it does not listen');
    const asked = request({ host, port, path, method, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode, headers: response.headers, body };
  }

  it('serves the page for Prometheus', async () => {
    await start();
    const { status, headers, body } = await ask('/metrics?x=1');
    expect([status, body]).to.deep.equal([200, 'autoserve_queue_depth 0\n']);
    expect(headers).to.include({ 'content-type': 'text/plain; version=0.0.4', 'cache-control': 'no-store' });
  });

  it('answers to HEAD without a body', async () => {
    await start();
    const { status, headers, body } = await ask('/metrics', 'HEAD');
    expect([status, headers['content-length'], body]).to.deep.equal([200, '24', '']);
  });

  it('is healthy while the loop turns', async () => {
    await start();
    expect(await ask('/healthz')).to.include({ status: 200 });
    ageMs = 200_000;
    const { status, body } = await ask('/healthz');
    expect(status).to.equal(503);
    expect(JSON.parse(body)).to.deep.equal({ healthy: false, secondsSinceLastPass: 200 });
  });

  it('is ready when everything can be reached, and says what cannot', async () => {
    await start();
    const ready = await ask('/readyz');
    expect(ready.status).to.equal(200);
    expect(JSON.parse(ready.body)).to.deep.equal({ ready: true, checks: { database: 'ok', docker: 'ok' } });
    checks['docker'] = async () => await Promise.reject(new Error('no answer from Docker'));
    const { status, body } = await ask('/readyz');
    expect(status).to.equal(503);
    expect(JSON.parse(body)).to.deep.equal({
      ready: false,
      checks: { database: 'ok', docker: 'no answer from Docker' },
    });
  });

  it('does not wait for what never answers', async () => {
    checks['database'] = () => new Promise(() => {});
    await start();
    expect(JSON.parse((await ask('/readyz')).body)).to.deep.include({
      checks: { database: 'no answer in 0.1 s', docker: 'ok' },
    });
  });

  it('refuses other paths and methods', async () => {
    await start();
    for (const path of ['/', '/metrics/', '/..', '/%2e%2e/metrics', '/__proto__', '/constructor']) {
      expect((await ask(path)).status, path).to.equal(404);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask('/metrics', method);
      expect([status, headers['allow']], method).to.deep.equal([405, 'GET, HEAD']);
    }
  });

  it('answers 500 when a page cannot be made, and lives on', async () => {
    await start();
    page = async () => await Promise.reject(new Error('broken'));
    expect(await ask('/metrics')).to.include({ status: 500 });
    expect(errors).to.have.length(1);
    page = async () => await Promise.resolve('');
    expect(await ask('/metrics')).to.include({ status: 200 });
  });

  it('survives what is no HTTP', async () => {
    const { address } = await start();
    const socket = connect(address.port, address.host);
    socket.write('\u0016\u0003\u0001 nonsense\r\n\r\n');
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).to.match(/^HTTP\/1\.1 400 /);
    expect(await ask('/healthz')).to.include({ status: 200 });
  });

  it('says who to ask when the port is taken', async () => {
    const { address } = await start();
    const taken = await startApi({
      listen: address,
      metrics: { contentType: '', page },
      lastPassAgeMs: () => 0,
      stalledAfterMs: 1,
      checks,
      onError: () => undefined,
    }).catch((error: unknown) => error);
    if (!(taken instanceof AutoServeError)) expect.fail('it listens on a taken port');
    expect(taken.code).to.equal('ListenFailed');
    expect(taken.message).to.include(`127.0.0.1:${address.port}`).and.include('another process');
    expect(taken.remedy).to.include('--listen').and.include(`sport = :${address.port}`);
  });

  it('says so when the host has no such address', async () => {
    const error = await start({ listen: { host: '192.0.2.1', port: 0 } }).catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.instanceOf(AutoServeError)
      .and.have.property('message')
      .that.includes('no such address');
  });

  it('answers what was asked before it closes, and drops who only waits', async () => {
    const { address } = await start();
    let answer: (body: string) => void = () => undefined;
    let asked = false;
    page = () => {
      asked = true;
      return new Promise((resolve) => (answer = resolve));
    };
    const idle = connect(address.port, address.host);
    await once(idle, 'connect');
    const idleClosed = once(idle.resume(), 'close');
    const pending = ask('/metrics');
    await eventually(() => expect(asked).to.be.true);
    const closed = api?.close();
    answer('late\n');
    expect(await pending).to.include({ status: 200, body: 'late\n' });
    await closed;
    await idleClosed;
    api = undefined;
    const refused = connect(address.port, address.host);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
  });
});

describe('parseListenAddress', () => {
  it('reads an address and a port', () => {
    expect(parseListenAddress('127.0.0.1:7070')).to.deep.equal({ host: '127.0.0.1', port: 7070 });
    expect(parseListenAddress('[::1]:80')).to.deep.equal({ host: '::1', port: 80 });
    expect(parseListenAddress('localhost:0')).to.deep.equal({ host: 'localhost', port: 0 });
  });

  for (const text of [
    '',
    '7070',
    ':7070',
    '127.0.0.1',
    '::1:80',
    '127.0.0.1:65536',
    'a b:1',
    '127.0.0.1:http',
    'http://x:1',
  ])
    it(`refuses "${text}"`, () => {
      expect(() => parseListenAddress(text))
        .to.throw(AutoServeError)
        .with.property('code', 'UsageError');
    });
});
