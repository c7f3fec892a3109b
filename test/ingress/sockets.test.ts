import { get } from 'node:http';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { HTTP_PORT } from '../../src/ingress/layout.ts';
import { followSockets } from '../../src/ingress/sockets.ts';
import { parseSockets } from '../../src/metrics/sockets.ts';
import { eventually } from '../eventually.ts';
import { routeTo, useIngress } from './fixture.ts';

/** Never answers what is asked for below /held. */
const SILENT = `
  require('node:http').createServer(({ url }, response) => url.startsWith('/held') || response.end()).listen(8080);`;
const PATIENCE_MS = 15_000;

describe('what nginx has open', () => {
  const ingress = useIngress();

  it('is told every few seconds, and that it is not known once nginx is gone', async () => {
    const web = await ingress.instance('web', SILENT);
    const nginx = ingress.nginx();
    await nginx.apply([routeTo('web', [web])]);
    const heard = { open: [] as number[], lost: 0 };
    const listener = {
      onSockets: (lines: readonly string[]) =>
        void heard.open.push(parseSockets(lines, new Set([HTTP_PORT])).get(`${web.ip}:8080`) ?? 0),
      onLost: () => void (heard.lost += 1),
    };
    const ended = followSockets(ingress.engine(), systemClock, listener, ingress.following.signal);
    await eventually(() => expect(heard.open).to.deep.equal([0]), PATIENCE_MS);
    const held = [1, 2].map(() =>
      get({
        port: ingress.port,
        headers: { host: 'web.localhost' },
        path: '/held',
        agent: false,
      }).on('error', () => {}),
    );
    await eventually(() => expect(heard.open.at(-1)).to.equal(2), PATIENCE_MS);
    for (const request of held) request.destroy();
    await eventually(() => expect(heard.open.at(-1)).to.equal(0), PATIENCE_MS);
    await nginx.close();
    await ingress.docker.getContainer((await ingress.container())?.Id ?? '').kill();
    await eventually(() => expect(heard.lost).to.equal(1));
    ingress.following.abort();
    await ended;
  });
});
