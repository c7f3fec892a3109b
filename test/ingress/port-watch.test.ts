import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { knock } from '../../src/ingress/port-watch.ts';
import { freePort, routeTo } from './fixture.ts';
import { World } from './world.ts';

const web = routeTo('web', [{ ip: '10.0.0.3', port: 80, containerId: 'c' }]);

describe('a published port that the engine does not serve any more', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  async function served(): Promise<string> {
    void world.nginx().apply([web]);
    await world.pass(6_000);
    expect(world.serves('web')).to.equal(true);
    return (await world.engine.findIngress())?.id ?? '';
  }

  it('is noticed, told of once, and there again with another container that serves the same', async () => {
    const first = await served();
    world.cutOff = first;
    await world.pass(8_000);
    expect((await world.engine.findIngress())?.id).to.not.equal(first);
    expect(world.serves('web')).to.equal(true);
    expect(world.events.map(({ reason }) => reason)).to.deep.equal([
      'IngressServing',
      'IngressPortLost',
      'IngressServing',
    ]);
    await world.pass(30_000);
    expect(world.events).to.have.length(3);
  });

  it('is not concluded from a port that never could be reached, as of an engine on another host', async () => {
    world.cutOff = 'ingress-1';
    const first = await served();
    expect(first).to.equal(world.cutOff);
    await world.pass(30_000);
    expect((await world.engine.findIngress())?.id).to.equal(first);
  });

  it('is not concluded from an nginx that was ended', async () => {
    await served();
    world.engine.kill();
    await world.pass(12_000);
    expect(world.events.map(({ reason }) => reason)).to.deep.equal([
      'IngressServing',
      'IngressDown',
      'IngressServing',
    ]);
  });
});

describe('knocking at a port', () => {
  it('finds it open where something listens, on all addresses too, and refused where nothing does', async () => {
    const server = createServer();
    const port = await freePort();
    await once(server.listen(port, '0.0.0.0'), 'listening');
    expect(await knock('127.0.0.1', port)).to.equal('open');
    expect(await knock('0.0.0.0', port)).to.equal('open');
    server.close();
    await once(server, 'close');
    expect(await knock('127.0.0.1', port)).to.equal('refused');
    expect(await knock('no.such.host.invalid', port)).to.equal('unknown');
  });
});
