import { expect } from 'chai';
import type { Clock } from '../../src/clock.ts';
import type { Nginx } from '../../src/ingress/nginx.ts';
import type { Route } from '../../src/ingress/route.ts';
import { routeTo } from './fixture.ts';
import { World } from './world.ts';

const web = routeTo('web', [{ ip: '10.0.0.3', port: 80, containerId: 'c' }]);

/** How a promise has ended so far. */
function watched(promise: Promise<unknown>): { outcome: string } {
  const watch = { outcome: 'open' };
  promise.then(
    () => (watch.outcome = 'done'),
    (error: Error & { code?: string }) => (watch.outcome = error.code ?? error.message),
  );
  return watch;
}

describe('nginx on virtual time', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('reloads at most once in 200 ms, however many changes come', async () => {
    const nginx = world.nginx();
    await world.pass(500);
    const before = world.engine.signals;
    const applied: { outcome: string }[] = [];
    for (let change = 0; change < 100; change += 1) {
      applied.push(watched(nginx.apply([web, routeTo(`app-${change}`, [])])));
      await world.pass(10);
    }
    await world.pass(1_500);
    // 100 changes, one every 20 ms: two seconds.
    expect(world.engine.signals - before).to.be.within(2, 11);
    expect(world.engine.signals - before).to.equal(nginx.reloads);
    expect(applied.every(({ outcome }) => outcome === 'done')).to.equal(true);
    expect(world.serves('app-99')).to.equal(true);
  });

  it('serves what was asked for last, of calls at the same time', async () => {
    const nginx = world.nginx();
    await world.pass(500);
    const applied = ['one', 'two', 'three'].map((app) => watched(nginx.apply([routeTo(app, [])])));
    await world.pass(3_000);
    expect(applied.map(({ outcome }) => outcome)).to.deep.equal(['done', 'done', 'done']);
    expect(['one', 'two', 'three'].filter((app) => world.serves(app))).to.deep.equal(['three']);
  });

  it('serves a certificate that is renewed though no route changes', async () => {
    const nginx = world.nginx();
    world.certificates = [{ host: 'web.localhost', certificate: 'old', key: 'key' }];
    void nginx.apply([web]);
    await world.pass(2_000);
    const before = nginx.reloads;
    world.certificates = [{ host: 'web.localhost', certificate: 'new', key: 'key' }];
    await world.pass(35_000);
    expect(nginx.reloads).to.equal(before + 1);
  });

  it('does not say that a change is in force before it is', async () => {
    const nginx = world.nginx();
    await world.pass(300);
    let served: boolean | undefined;
    const applied = nginx.apply([web]).then(() => (served = world.serves('web')));
    await world.pass(1_000);
    await applied;
    expect(served).to.equal(true);
  });

  it('tells when a reload is not taken, tries again, and leaves what nginx would start with as it was', async () => {
    const nginx = world.nginx();
    await watchedUntil(nginx, [web]);
    world.engine.faults = { ignoreReload: true };
    const change = watched(nginx.apply([web, routeTo('more', [])]));
    await world.pass(16_000);
    expect(change.outcome).to.equal('ReloadNotTaken');
    expect(nginx.state).to.include({ serving: false, reason: 'ReloadNotTaken' });
    world.engine.faults = {};
    await world.pass(40_000);
    expect(world.serves('more')).to.equal(true);
    expect(world.engine.parting).to.equal(false);
    expect(nginx.state).to.include({ serving: true });
  });

  it('loads after a takeover what was written but not taken when its predecessor was killed', async () => {
    const first = world.nginx();
    await watchedUntil(first, [web]);
    world.engine.faults = { ignoreReload: true };
    void watched(first.apply([web, routeTo('more', [])]));
    await world.pass(1_000);
    world.engine.faults = {};
    const second = world.nginx();
    await watchedUntil(second, [web, routeTo('more', [])]);
    expect(world.serves('more')).to.equal(true);
  });

  it('sends clients away until it has reloaded, also after a takeover that finds what it wants', async () => {
    const first = world.nginx();
    await watchedUntil(first, [web]);
    expect(world.engine.parting).to.equal(false);
    world.engine.faults = { ignoreReload: true };
    void watched(first.apply([web, routeTo('more', [])]));
    await world.pass(1_000);
    expect(world.engine.parting).to.equal(true);
    // From here on there is but the second one: a reload that is not taken is undone after 15 s.
    world.engine.faults = {};
    const second = world.nginx();
    await watchedUntil(second, [web]);
    expect(world.serves('web')).to.equal(true);
    expect(world.engine.parting).to.equal(false);
  });

  it('goes on serving when a change is refused, and says so once', async () => {
    const nginx = world.nginx();
    await watchedUntil(nginx, [web]);
    world.engine.faults = {
      refuse: (config) => (config.includes('app bad;') ? '[emerg] 9#9: no good' : undefined),
    };
    const change = watched(nginx.apply([web, routeTo('bad', [])]));
    await world.pass(60_000);
    expect(change.outcome).to.equal('ConfigurationRefused');
    expect(world.serves('web')).to.equal(true);
    expect(world.serves('bad')).to.equal(false);
    const refusals = world.events.filter(({ reason }) => reason === 'ConfigurationRefused');
    expect(refusals).to.have.lengthOf(1);
    expect(refusals[0]?.message).to.include('no good');
  });

  it('tells that it was ended also while a change is refused', async () => {
    const nginx = world.nginx();
    void watched(nginx.apply([web]));
    await world.pass(1_000);
    world.engine.faults = { refuse: () => 'no' };
    void watched(nginx.apply([web, routeTo('more', [])]));
    await world.pass(1_000);
    expect(nginx.state.reason).to.equal('ConfigurationRefused');
    world.engine.kill();
    await world.pass(2_000);
    expect(world.events.map(({ reason }) => reason)).to.deep.equal([
      'IngressServing',
      'ConfigurationRefused',
      'IngressDown',
      'ConfigurationRefused',
    ]);
    await nginx.close();
  });

  it('lets nobody wait for an nginx that cannot run, says so once, and heals it when it can', async () => {
    const nginx = world.nginx();
    await watchedUntil(nginx, [web]);
    world.engine.faults = { portTaken: true };
    world.engine.kill();
    await world.pass(500);
    const change = watched(nginx.apply([web, routeTo('more', [])]));
    await world.pass(1_000);
    expect(change.outcome).to.equal('done');
    await world.pass(10_000);
    expect(nginx.state).to.include({ serving: false, reason: 'PortTaken' });
    expect(world.events.filter(({ reason }) => reason === 'PortTaken')).to.have.lengthOf(1);
    world.engine.faults = {};
    await world.pass(40_000);
    expect(world.serves('more')).to.equal(true);
  });

  it('tries again though timers are early', async () => {
    const { clock } = world;
    const early: Clock = { now: () => clock.now(), schedule: (ms, run) => clock.schedule(ms - 1, run) };
    world.engine.faults = { portTaken: true };
    const nginx = world.nginx(early);
    await world.pass(10_000);
    expect(nginx.state).to.include({ serving: false, reason: 'PortTaken' });
    world.engine.faults = {};
    await world.pass(40_000);
    expect(nginx.state).to.include({ serving: true });
  });

  it('does nothing at all when nothing happens', async () => {
    const nginx = world.nginx();
    await watchedUntil(nginx, [web]);
    const { signals } = world.engine;
    await world.pass(100_000);
    await watchedUntil(nginx, [web]);
    expect(world.engine.signals).to.equal(signals);
    expect(world.events.map(({ reason }) => reason)).to.deep.equal(['IngressServing']);
  });

  it('ends what waits when it is closed, and leaves nginx serving', async () => {
    const nginx = world.nginx();
    await watchedUntil(nginx, [web]);
    const change = watched(nginx.apply([routeTo('more', [])]));
    const closed = watched(nginx.close());
    await world.pass(1_000);
    expect(closed.outcome).to.equal('done');
    expect(change.outcome).to.be.oneOf(['done', 'Closed']);
    expect(world.engine.serving).to.not.equal(undefined);
  });

  async function watchedUntil(nginx: Nginx, routes: readonly Route[]): Promise<void> {
    const watch = watched(nginx.apply(routes));
    await world.pass(1_000);
    expect(watch.outcome).to.equal('done');
  }
});
