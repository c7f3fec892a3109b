import { expect } from 'chai';
import { once } from 'node:events';
import { request } from 'node:http';
import { CURRENT } from '../../src/ingress/layout.ts';
import type { IngressFile } from '../../src/engine/ingress-engine.ts';
import { ConfigurationRefused } from '../../src/ingress/refusal.ts';
import { eventually } from '../eventually.ts';
import { freePort, routeTo, useIngress } from './fixture.ts';

/** Gives no answer under `/drop`, and says under `/count` how often it was asked that. */
const DROPPING = `let asked = 0; require('node:http').createServer((request, response) => {
    if (request.url === '/count') return response.end(String(asked));
    if (request.url === '/drop') asked += 1;
    if (request.url === '/drop') request.socket.destroy(); else response.end();
  }).listen(8080);`;

describe('what nginx serves', () => {
  const ingress = useIngress();

  it('leads to apps by host and by path, a longer path first and only at its slashes', async () => {
    const [web, api] = await Promise.all([ingress.instance('web'), ingress.instance('api')]);
    await ingress
      .nginx()
      .apply([
        routeTo('web', [web]),
        routeTo('api', [api], { host: 'web.localhost', path: '/api/' }),
        routeTo('alone', [api], { path: '/only' }),
      ]);
    expect(await ingress.who('web.localhost')).to.equal('web');
    expect(await ingress.who('WEB.localhost:80', '/apiary')).to.equal('web');
    expect(await ingress.who('web.localhost', '/api')).to.equal('api');
    expect(await ingress.who('web.localhost', '/api/v1?q=%2F..')).to.equal('api');
    expect(await ingress.who('alone.localhost', '/only/this')).to.equal('api');
    expect((await ingress.get('alone.localhost', '/')).status).to.equal(404);
    expect((await ingress.get('other.localhost')).status).to.equal(404);
  });

  it('says who could not be served, as HTML or as text, and shows nothing of the request', async () => {
    await ingress.nginx().apply([routeTo('web', [])]);
    const plain = await ingress.get('web.localhost', '/<script>');
    expect(plain.status).to.equal(503);
    expect(plain.headers['content-type']).to.equal('text/plain');
    expect(plain.headers['retry-after']).to.equal('2');
    expect(plain.body).to.equal('503 Application web has no instance that is ready.\n');
    const page = await ingress.get('web.localhost', '/<script>', { accept: 'text/html,*/*;q=0.8' });
    expect(page.status).to.equal(503);
    expect(page.headers['content-type']).to.equal('text/html');
    expect(page.body)
      .to.include('<p>Application web has no instance that is ready.</p>')
      .and.not.include('script');
    const unknown = await ingress.get('"><script>.localhost');
    expect([400, 404]).to.include(unknown.status);
    expect(unknown.body).to.not.include('script');
  });

  it('tells an instance whom it answers, and asks it as it was asked', async () => {
    await ingress.nginx().apply([routeTo('web', [await ingress.instance('web')])]);
    const { body } = await ingress.get('web.localhost:8080', '/a%2Fb/../c?x=1', {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil',
      upgrade: 'h2c',
    });
    const { url, headers } = JSON.parse(body);
    expect(url).to.equal('/a%2Fb/../c?x=1');
    expect(headers).to.include({
      host: 'web.localhost:8080',
      'x-forwarded-host': 'web.localhost:8080',
      'x-forwarded-proto': 'http',
    });
    expect(headers['x-forwarded-for']).to.equal(headers['x-real-ip']);
    expect(headers).to.not.have.property('upgrade');
  });

  it('passes WebSockets on, both ways', async () => {
    const echo = `require('node:http').createServer((_, response) => response.end())
      .on('upgrade', (request, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n');
        socket.pipe(socket);
      }).listen(8080);`;
    await ingress.nginx().apply([routeTo('chat', [await ingress.instance('chat', echo)])]);
    const asked = request({
      host: '127.0.0.1',
      port: ingress.port,
      agent: false,
      headers: { host: 'chat.localhost', connection: 'Upgrade', upgrade: 'websocket' },
    });
    asked.end();
    const [response, socket] = await once(asked, 'upgrade');
    expect(response.statusCode).to.equal(101);
    try {
      for (const said of ['hello', 'world']) {
        socket.write(said);
        expect(String(await once(socket, 'data'))).to.equal(said);
      }
    } finally {
      socket.destroy();
    }
  });

  it('passes a response on as it comes, also one that was under way when the configuration changed', async () => {
    const slow = `let open; require('node:http').createServer((request, response) => {
        if (request.url === '/next') { open?.write('next'); response.end(); }
        else if (request.url === '/long') { open = response; response.write('first'); }
        else response.end();
      }).listen(8080);`;
    const instance = await ingress.instance('slow', slow);
    const nginx = ingress.nginx();
    await nginx.apply([routeTo('slow', [instance])]);
    const asked = request({
      host: '127.0.0.1',
      port: ingress.port,
      path: '/long',
      agent: false,
      headers: { host: 'slow.localhost' },
    });
    asked.end();
    const [response] = await once(asked, 'response');
    let received = '';
    response.on('data', (data: Buffer) => (received += String(data)));
    await eventually(() => expect(received).to.equal('first'));
    await nginx.apply([routeTo('slow', [instance]), routeTo('another', [])]);
    await ingress.get('slow.localhost', '/next');
    await eventually(() => expect(received).to.equal('firstnext'));
    asked.destroy();
  });

  it('refuses a body that is larger than allowed, and passes on one that is not', async () => {
    await ingress.nginx().apply([routeTo('web', [await ingress.instance('web')])]);
    const small = await ingress.send('POST', 'web.localhost', '/', {}, Buffer.alloc(100_000));
    expect(JSON.parse(small.body).bytes).to.equal(100_000);
    const large = await ingress.send('POST', 'web.localhost', '/', { 'content-length': '100001' });
    expect(large.status).to.equal(413);
    expect(large.body).to.include('larger');
  });

  it('asks another instance when one cannot be reached', async () => {
    const [gone, alive] = await Promise.all([ingress.instance('gone'), ingress.instance('alive')]);
    const nobody = { ...alive, port: 9 };
    await ingress.nginx().apply([routeTo('web', [gone, alive]), routeTo('half', [nobody, alive])]);
    await ingress.docker.getContainer(gone.containerId).kill();
    for (let times = 1; times <= 4; times += 1) {
      expect(await ingress.who('web.localhost')).to.equal('alive');
      const posted = await ingress.send('POST', 'half.localhost', '/', {}, Buffer.from('once'));
      expect(JSON.parse(posted.body)).to.include({ name: 'alive', bytes: 4 });
    }
  });

  it('asks all instances, whatever the method, as long as it has reached none', async () => {
    const alive = await ingress.instance('alive');
    const nobodies = [9, 10, 11, 12].map((port) => ({ ...alive, port }));
    await ingress
      .nginx()
      .apply([routeTo('web', [...nobodies, alive], { balance: 'least_conn' }), routeTo('none', nobodies)]);
    for (let times = 1; times <= 4; times += 1) {
      expect(await ingress.who('web.localhost')).to.equal('alive');
      const posted = await ingress.send('POST', 'web.localhost', '/a?b=c', {}, Buffer.from('once'));
      expect(JSON.parse(posted.body)).to.include({ name: 'alive', method: 'POST', url: '/a?b=c', bytes: 4 });
    }
    const none = await ingress.get('none.localhost');
    expect(none.status).to.equal(502);
    expect(none.body).to.include('Application none did not answer');
  });

  it('asks a second time only what may be asked twice', async () => {
    const instances = [await ingress.instance('a', DROPPING), await ingress.instance('b', DROPPING)];
    await ingress.nginx().apply([routeTo('web', instances)]);
    const count = async () => {
      const counts = await Promise.all(
        instances.map(async ({ ip }) => await (await fetch(`http://${ip}:8080/count`)).text()),
      );
      return counts.reduce((sum, each) => sum + Number(each), 0);
    };
    const post = await ingress.send('POST', 'web.localhost', '/drop', {}, Buffer.from('x'));
    expect(post.status).to.equal(502);
    expect(post.body).to.include('Application web did not answer');
    expect(await count()).to.equal(1);
    expect((await ingress.get('web.localhost', '/drop')).status).to.equal(502);
    expect(await count()).to.equal(3);
    expect((await ingress.get('web.localhost', '/')).status, 'nobody is put out of reach').to.equal(200);
  });

  it('asks once more when it has reached but one, what may be asked twice', async () => {
    const [alive, drops] = [await ingress.instance('alive'), await ingress.instance('drops', DROPPING)];
    const nobody = { ...alive, port: 9 };
    await ingress.nginx().apply([routeTo('web', [nobody, drops, alive], { balance: 'round_robin' })]);
    const count = async () => Number(await (await fetch(`http://${drops.ip}:8080/count`)).text());
    for (let times = 1; times <= 6; times += 1)
      expect((await ingress.get('web.localhost', '/drop')).status).to.equal(200);
    const before = await count();
    expect(before, 'some were dropped').to.be.above(0);
    let lost = 0;
    for (let times = 1; times <= 6; times += 1) {
      const { status } = await ingress.send('POST', 'web.localhost', '/drop', {}, Buffer.from('x'));
      if (status === 502) lost += 1;
    }
    expect(lost, 'some were dropped').to.be.above(0);
    expect((await count()) - before).to.equal(lost);
  });

  it('spreads requests in the way that the app asks for', async () => {
    const instances = [await ingress.instance('a'), await ingress.instance('b')];
    await ingress
      .nginx()
      .apply([
        routeTo('turn', instances, { balance: 'round_robin' }),
        routeTo('least', instances, { balance: 'least_conn' }),
        routeTo('sticky', instances, { balance: 'ip_hash' }),
      ]);
    const asked = async (host: string) => {
      const names: string[] = [];
      for (let times = 1; times <= 6; times += 1) names.push(await ingress.who(host));
      return new Set(names);
    };
    expect(await asked('turn.localhost')).to.have.keys('a', 'b');
    expect(await asked('least.localhost')).to.have.keys('a', 'b');
    expect((await asked('sticky.localhost')).size).to.equal(1);
  });

  it('lets clients keep their connections, but not those to workers that a reload is about to replace', async () => {
    const web = await ingress.instance('web');
    const engine = ingress.engine();
    const send = engine.signalIngress.bind(engine);
    const connection = async (): Promise<string | undefined> =>
      (await ingress.get('web.localhost', '/', { connection: 'keep-alive' })).headers.connection;
    const beforeReloads: (string | undefined)[] = [];
    engine.signalIngress = async (...args) => {
      beforeReloads.push(await connection());
      await send(...args);
    };
    const nginx = ingress.nginx({ engine });
    for (const app of ['first', 'second', 'third']) {
      await nginx.apply([routeTo('web', [web]), routeTo(app, [])]);
      expect(await connection()).to.equal('keep-alive');
    }
    // Before the first of them there was nothing to keep.
    expect(beforeReloads.slice(1)).to.deep.equal(['keep-alive, close', 'keep-alive, close']);
  });

  it('keeps the last configuration that passed when the next does not, and names the app', async () => {
    const web = await ingress.instance('web');
    const engine = ingress.engine();
    const put = engine.putFiles.bind(engine);
    let broken = true;
    const spoil = (file: IngressFile): IngressFile =>
      'content' in file && broken
        ? { ...file, content: file.content.replace('set $autoserve_app shop;', '$& no_such_directive;') }
        : file;
    engine.putFiles = async (id, files) => await put(id, files.map(spoil));
    const nginx = ingress.nginx({ engine });
    await nginx.apply([routeTo('web', [web])]);
    const routes = [routeTo('web', [web]), routeTo('shop', [web])];
    const refusal = await nginx.apply(routes).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).to.be.instanceOf(ConfigurationRefused);
    expect(ingress.events.at(-1)).to.include({
      type: 'Warning',
      reason: 'ConfigurationRefused',
      app: 'shop',
    });
    expect(nginx.state).to.include({ serving: false, reason: 'ConfigurationRefused' });
    expect(await ingress.who('web.localhost')).to.equal('web');
    expect((await ingress.get('shop.localhost')).status).to.equal(404);
    const id = (await ingress.container())?.Id ?? '';
    const loaded = await ingress.engine().readFile(id, `${CURRENT}/nginx.conf`);
    expect(loaded, 'what nginx would load now').to.include('app_web').and.not.include('app_shop');
    broken = false;
    await nginx.apply(routes);
    expect(await ingress.who('shop.localhost')).to.equal('web');
    expect(nginx.state).to.include({ serving: true, reason: 'IngressServing' });
  });

  it('does without a certificate that it does not take, names the app, and serves all the same', async () => {
    const web = await ingress.instance('web');
    const certificates = [{ host: 'shop.localhost', certificate: 'no certificate', key: 'no key' }];
    const nginx = ingress.nginx({ tlsPort: await freePort(), certificates: async () => certificates });
    await nginx.apply([routeTo('web', [web]), routeTo('shop', [web])]);
    expect(await ingress.who('web.localhost')).to.equal('web');
    expect(await ingress.who('shop.localhost')).to.equal('web');
    const refusals = ingress.events.filter(({ reason }) => reason === 'ConfigurationRefused');
    expect(refusals.map(({ type, app }) => [type, app])).to.deep.equal([['Warning', 'shop']]);
    expect(nginx.state).to.include({ serving: true, reason: 'IngressServing' });
  });
});
