import { expect } from 'chai';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { INGRESS_IMAGE } from '../../scripts/ingress-image.ts';
import { removeContainer, type NginxEngine } from '../../src/ingress/container.ts';
import { eventually } from '../eventually.ts';
import { freePort, routeTo, useIngress } from './fixture.ts';

describe('the nginx container', () => {
  const ingress = useIngress();

  /** The engine, and how often it was asked to send nginx a signal. */
  function counting(): { engine: NginxEngine; signals: () => number } {
    const engine = ingress.engine();
    const send = engine.signalIngress.bind(engine);
    let signals = 0;
    engine.signalIngress = async (...args) => {
      signals += 1;
      await send(...args);
    };
    return { engine, signals: () => signals };
  }

  it('is no instance of an app', async () => {
    await ingress.nginx().apply([]);
    expect(await ingress.container()).to.have.nested.property('State.Running', true);
    const { containers } = await ingress.appEngine.observe();
    expect(containers).to.be.empty;
  });

  it('answers with status 503 until the first routes are known', async () => {
    ingress.nginx();
    const answer = await eventually(async () => await ingress.get('web.localhost'));
    expect(answer).to.include({ status: 503, body: '503 The server is starting.\n' });
  });

  it('gathers changes: a hundred at once are two reloads at most, and the last one counts', async () => {
    const web = await ingress.instance('web');
    const { engine, signals } = counting();
    const nginx = ingress.nginx({ engine });
    await nginx.apply([]);
    const before = signals();
    const changes = Array.from({ length: 100 }, (_, index) =>
      nginx.apply([routeTo('web', index === 99 ? [web] : []), routeTo(`app-${index}`, [])]),
    );
    await Promise.all(changes);
    expect(signals() - before).to.be.within(1, 2);
    expect(await ingress.who('web.localhost')).to.equal('web');
    expect((await ingress.get('app-99.localhost')).status).to.equal(503);
    expect((await ingress.get('app-98.localhost')).status).to.equal(404);
  });

  it('is taken over as it is, without a reload when nothing has changed', async () => {
    const web = await ingress.instance('web');
    const first = ingress.nginx();
    await first.apply([routeTo('web', [web])]);
    const before = await ingress.container();
    await first.close();
    const { engine, signals } = counting();
    const second = ingress.nginx({ engine });
    await second.apply([routeTo('web', [web])]);
    expect(second.state).to.include({ serving: true });
    expect(signals()).to.equal(0);
    await second.apply([routeTo('web', [])]);
    expect(signals()).to.equal(1);
    const after = await ingress.container();
    expect(after?.Id).to.equal(before?.Id);
    expect(after?.State.Pid).to.equal(before?.State.Pid);
    expect((await ingress.get('web.localhost')).status).to.equal(503);
  });

  it('is healed with what it served when it is killed, paused, disconnected or removed', async () => {
    await ingress.nginx().apply([routeTo('web', [await ingress.instance('web')])]);
    const harms: ((id: string) => Promise<unknown>)[] = [
      (id) => ingress.docker.getContainer(id).kill(),
      (id) => ingress.docker.getContainer(id).pause(),
      (id) => ingress.docker.getNetwork(`autoserve-${ingress.installation}`).disconnect({ Container: id }),
      (id) => ingress.docker.getContainer(id).remove({ force: true }),
    ];
    for (const harm of harms) {
      const id = (await ingress.container())?.Id ?? '';
      await eventually(() => expect(ingress.events.at(-1)?.reason).to.equal('IngressServing'));
      const told = ingress.events.length;
      await harm(id);
      await eventually(async () => {
        expect((await ingress.container())?.Id).to.not.equal(id);
        expect(await ingress.who('web.localhost')).to.equal('web');
      });
      const since = ingress.events.slice(told).map(({ reason }) => reason);
      expect(since).to.include('IngressDown').and.not.include('NameTaken');
    }
  });

  it('says whose container has its name, and leaves that one alone', async () => {
    const name = `autoserve-${ingress.installation}-ingress`;
    const other = await ingress.docker.createContainer({ name, Image: 'autoserve/demo-web:1' });
    try {
      const nginx = ingress.nginx();
      await nginx.apply([]);
      expect(nginx.state).to.include({ serving: false, reason: 'NameTaken' });
      expect(nginx.state.message).to.include(other.id.slice(0, 12)).and.include(`docker rename ${name}`);
    } finally {
      await other.remove();
    }
  });

  it('is made anew when its settings have changed', async () => {
    const first = ingress.nginx();
    await first.apply([routeTo('web', [])]);
    await first.close();
    const before = (await ingress.container())?.Id;
    await ingress.nginx({ tlsPort: await freePort() }).apply([routeTo('web', [])]);
    expect((await ingress.container())?.Id).to.not.equal(before);
    expect((await ingress.get('web.localhost')).status).to.equal(503);
  });

  it('says who has its port, lets nobody wait for it, and serves when the port is free', async () => {
    const other = createServer().listen(ingress.port, '127.0.0.1');
    await once(other, 'listening');
    const web = await ingress.instance('web');
    const nginx = ingress.nginx();
    await nginx.apply([routeTo('web', [web])]);
    expect(nginx.state).to.include({ serving: false, reason: 'PortTaken' });
    expect(nginx.state.message).to.include(String(ingress.port)).and.include('--ingress-port');
    expect(ingress.events).to.have.lengthOf(1);
    other.close();
    await eventually(async () => expect(await ingress.who('web.localhost')).to.equal('web'));
    await eventually(() => expect(nginx.state).to.include({ serving: true }));
    expect(ingress.events.map(({ reason }) => reason)).to.deep.equal(['PortTaken', 'IngressServing']);
  });

  it('says that its image is missing', async () => {
    const nginx = ingress.nginx({ image: 'autoserve/no-such-ingress:1' });
    await nginx.apply([]);
    expect(nginx.state.serving).to.equal(false);
    expect(nginx.state.reason).to.be.oneOf(['ImageNotFound', 'ImagePullFailed']);
    expect(nginx.state.message).to.include('autoserve/no-such-ingress:1').and.include('--ingress-image');
    expect(await ingress.container()).to.equal(undefined);
  });

  it('says why an image that is no nginx does not start', async () => {
    const nginx = ingress.nginx({ image: 'autoserve/demo-web:1' });
    await nginx.apply([]);
    expect(nginx.state.serving).to.equal(false);
    expect(nginx.state.message).to.include('nginx');
  });

  it('serves from an image that is to run as another user', async () => {
    const [repo, tag] = ['autoserve/ingress-as-nobody', ingress.installation];
    const base = await ingress.docker.createContainer({ Image: INGRESS_IMAGE });
    await base.commit({ repo, tag, changes: 'USER nobody' });
    await base.remove();
    const nginx = ingress.nginx({ image: `${repo}:${tag}` });
    try {
      await nginx.apply([routeTo('web', [await ingress.instance('web')])]);
      expect(nginx.state).to.include({ serving: true });
      expect(await ingress.who('web.localhost')).to.equal('web');
    } finally {
      await nginx.close();
      await removeContainer(ingress.engine());
      await ingress.docker.getImage(`${repo}:${tag}`).remove();
    }
  });

  it('is removed where it is not wanted any more, if there is one', async () => {
    const nginx = ingress.nginx();
    await nginx.apply([]);
    await nginx.close();
    expect(await removeContainer(ingress.engine())).to.equal(true);
    expect(await ingress.container()).to.equal(undefined);
    expect(await removeContainer(ingress.engine())).to.equal(false);
  });
});
