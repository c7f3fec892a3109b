import { expect } from 'chai';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { probeInstance, type ProbeResult } from '../../../src/controllers/health/probe.ts';
import type { HealthCheck } from '../../../src/manifest/app.gen.ts';
import { checkOf } from './check.ts';

const HOST = '127.0.0.1';

describe('a probe', () => {
  const open = new Set<{ server: Server; sockets: Set<Socket> }>();

  afterEach(async () => {
    for (const { server, sockets } of open) {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
    open.clear();
  });

  async function listen(server: Server): Promise<{ port: number; sockets: Set<Socket> }> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    open.add({ server, sockets });
    return { port: (server.address() as AddressInfo).port, sockets };
  }

  const http = (listener: RequestListener) => listen(createServer(listener));
  const tcp = (listener: (socket: Socket) => void) => listen(createTcpServer(listener));
  const closedPort = async (): Promise<number> => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const probe = (
    port: number,
    changes: Partial<HealthCheck> = {},
    signal = new AbortController().signal,
  ): Promise<ProbeResult> => probeInstance(HOST, checkOf({ timeoutSeconds: 1, ...changes, port }), signal);
  const found = async (...request: Parameters<typeof probe>) => {
    const { latencyMs, ...finding } = await probe(...request);
    expect(latencyMs).to.be.a('number').that.is.at.least(0);
    return finding;
  };

  describe('over HTTP', () => {
    it('passes with an expected status', async () => {
      const { port } = await http((_, reply) => reply.end('fine'));
      expect(await found(port)).to.deep.equal({ ok: true, code: 200, message: '200' });
    });

    it('fails with any other, and says which was expected', async () => {
      const { port } = await http((_, reply) => reply.writeHead(503).end());
      expect(await found(port)).to.deep.equal({ ok: false, code: 503, message: '503, expected 200' });
      expect(await found(port, { expectedStatusCodes: [200, 204] })).to.have.property(
        'message',
        '503, expected 200 or 204',
      );
      expect(await found(port, { expectedStatusCodes: [503] })).to.have.property('ok', true);
    });

    it('tells each of two replies by itself when every second one is an error', async () => {
      let count = 0;
      const { port } = await http((_, reply) => reply.writeHead((count += 1) % 2 ? 500 : 200).end());
      const results = [await probe(port), await probe(port), await probe(port)];
      expect(results.map(({ ok }) => ok)).to.deep.equal([false, true, false]);
    });

    it('sends what the manifest says', async () => {
      const seen: unknown[] = [];
      const { port } = await http((request, reply) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          const { method, url, headers } = request;
          seen.push({ method, url, body, headers });
          reply.end();
        });
      });
      const headers = [
        { name: 'Host', value: 'shop.example.com' },
        { name: 'X-Probe', value: 'one' },
        { name: 'x-probe', value: 'two' },
        { name: '__proto__', value: 'odd' },
      ];
      for (const method of ['GET', 'POST', 'PUT', 'HEAD'] as const)
        await probe(port, { method, path: '/health?deep=1', headers, body: 'püng' });
      expect(seen).to.have.length(4);
      for (const [index, method] of ['GET', 'POST', 'PUT', 'HEAD'].entries()) {
        const request = seen[index] as { headers: Record<string, string> };
        expect(request).to.deep.include({
          method,
          url: '/health?deep=1',
          body: 'püng',
        });
        expect(request.headers).to.include({
          host: 'shop.example.com',
          'x-probe': 'one, two',
          'user-agent': 'autoserve',
          connection: 'close',
        });
      }
    });

    it('uses each connection once', async () => {
      const ports = new Set<number | undefined>();
      const { port } = await http((request, reply) => {
        ports.add(request.socket.remotePort);
        reply.end();
      });
      await probe(port);
      await probe(port);
      expect(ports.size).to.equal(2);
    });

    it('never follows a redirect', async () => {
      let elsewhere = 0;
      const other = await http((_, reply) => {
        elsewhere += 1;
        reply.end();
      });
      const { port } = await http((_, reply) =>
        reply.writeHead(302, { location: `http://${HOST}:${other.port}/` }).end(),
      );
      expect(await found(port)).to.deep.equal({
        ok: false,
        code: 302,
        message: '302 (redirects are not followed), expected 200',
      });
      expect(await found(port, { expectedStatusCodes: [302] })).to.have.property('ok', true);
      expect(elsewhere).to.equal(0);
    });

    it('takes a switch of protocols as its status', async () => {
      const { port } = await tcp((socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
      expect(await found(port, { expectedStatusCodes: [101] })).to.have.property('ok', true);
    });

    it('fails on a refused connection', async () => {
      expect(await found(await closedPort())).to.deep.equal({
        ok: false,
        code: null,
        message: 'connection refused',
      });
    });

    it('fails on a connection that closes without a reply', async () => {
      const { port } = await tcp((socket) => socket.destroy());
      expect(await found(port)).to.have.property('message', 'the connection was closed without a reply');
    });

    it('fails on what is no HTTP', async () => {
      const { port } = await tcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
      expect((await found(port)).message).to.match(/^the reply is not valid HTTP/);
    });

    it('fails on a reply that breaks off', async () => {
      const { port } = await tcp((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy());
      });
      expect(await found(port)).to.deep.equal({ ok: false, code: 200, message: 'the reply broke off' });
    });

    it('reads no more than 64 KiB of a body that never ends', async () => {
      let sent = 0;
      const { port, sockets } = await http((_, reply) => {
        const chunk = Buffer.alloc(16 * 1024);
        const more = (): void => {
          while (!reply.destroyed && reply.write(chunk)) sent += chunk.length;
        };
        reply.on('drain', more);
        more();
      });
      expect(await found(port, { timeoutSeconds: 30 })).to.have.property('ok', true);
      // What kernel and streams buffer on the way comes on top.
      expect(sent).to.be.below(32 * 1024 * 1024);
      await Promise.all(
        [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      );
    });

    const hangs: [what: string, listener: (socket: Socket) => void][] = [
      ['replies nothing', () => {}],
      ['stops within the headers', (socket) => socket.write('HTTP/1.1 200 OK\r\nX-Slow: ')],
      ['stops within the body', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')],
      [
        'drips its body',
        (socket) => {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
          const drip = setInterval(() => socket.write('1\r\n.\r\n'), 20);
          socket.on('close', () => clearInterval(drip));
        },
      ],
    ];
    for (const [what, listener] of hangs)
      it(`times out when the instance ${what}, and hangs up`, async () => {
        const { port, sockets } = await tcp(listener);
        expect(await found(port)).to.deep.equal({ ok: false, code: null, message: 'timed out after 1 s' });
        await Promise.all(
          [...sockets].map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))),
        );
      });

    it('gives up at once when it is called off', async () => {
      const aborter = new AbortController();
      const { port } = await tcp(() => aborter.abort());
      expect(await found(port, { timeoutSeconds: 60 }, aborter.signal)).to.have.property(
        'message',
        'called off',
      );
      expect(await found(port, { timeoutSeconds: 60 }, aborter.signal)).to.have.property(
        'message',
        'called off',
      );
    });

    it('fails, and throws nothing, on a request that cannot be sent', async () => {
      const { port } = await http((_, reply) => reply.end());
      const injected = { headers: [{ name: 'X-A', value: 'b\r\nX-C: d' }] };
      expect(await found(port, {})).to.have.property('ok', true);
      const check = { ...checkOf({ port }), ...injected };
      const { signal } = new AbortController();
      expect((await probeInstance(HOST, check, signal)).message).to.match(/[Ii]nvalid character/);
      const split = { ...checkOf({ port }), path: '/ HTTP/1.1\r\nX-C: d' };
      expect((await probeInstance(HOST, split, signal)).message).to.match(/unescaped/);
    });
  });

  describe('over TCP', () => {
    it('passes when something listens', async () => {
      const { port } = await tcp(() => {});
      expect(await found(port, { protocol: 'TCP' })).to.deep.equal({
        ok: true,
        code: null,
        message: 'connected',
      });
    });

    it('hangs up', async () => {
      let ended: Promise<void> | undefined;
      const { port } = await tcp((socket) => {
        ended = new Promise((resolve) => socket.resume().on('close', () => resolve()));
      });
      await probe(port, { protocol: 'TCP' });
      await probe(port, { protocol: 'TCP' });
      await ended;
    });

    it('fails when nothing does', async () => {
      expect(await found(await closedPort(), { protocol: 'TCP' })).to.have.property(
        'message',
        'connection refused',
      );
    });
  });
});
