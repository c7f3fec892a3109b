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
    await world.pass(3_000);
    expect(world.serves('web')).to.equal(true);
    return (await world.engine.findIngress())?.id ?? '';
  }
  const reasons = (): string[] => world.events.map(({ reason }) => reason);

  it('is noticed, told of once, and there again with another container that serves the same', async () => {
    const first = await served();
    await world.pass(6_000);
    world.passes = (id) => id !== first;
    await world.pass(8_000);
    expect((await world.engine.findIngress())?.id).to.not.equal(first);
    expect(world.serves('web')).to.equal(true);
    expect(reasons()).to.deep.equal(['IngressServing', 'IngressPortLost', 'IngressServing']);
    await world.pass(30_000);
    expect(world.events).to.have.length(3);
  });

  it('is noticed of a container that never could be reached, and another one is made once', async () => {
    world.passes = () => false;
    const first = await served();
    await world.pass(6_000);
    const second = (await world.engine.findIngress())?.id;
    expect(second).to.not.equal(first);
    await world.pass(60_000);
    expect((await world.engine.findIngress())?.id).to.equal(second);
    expect(reasons()).to.deep.equal(['IngressServing', 'IngressPortLost', 'IngressServing']);
  });

  it('is not concluded where the engine is on another host', async () => {
    world.local = false;
    const first = await served();
    await world.pass(30_000);
    expect((await world.engine.findIngress())?.id).to.equal(first);
  });

  it('is not concluded from an nginx that was ended', async () => {
    await served();
    await world.pass(6_000);
    world.engine.kill();
    await world.pass(12_000);
    expect(reasons()).to.deep.equal(['IngressServing', 'IngressDown', 'IngressServing']);
  });
});

describe('knocking at a port', () => {
  it('finds it open where something listens, and refused where nothing does', async () => {
    const server = createServer();
    const port = await freePort();
    await once(server.listen(port, '0.0.0.0'), 'listening');
    expect(await knock('127.0.0.1', port)).to.equal('open');
    server.close();
    await once(server, 'close');
    expect(await knock('127.0.0.1', port)).to.equal('refused');
    expect(await knock('no.such.host.invalid', port)).to.equal('unknown');
  });
});
