import { expect } from 'chai';
import { Outbox } from '../../../src/control/outbox.ts';
import { ImagePuller } from '../../../src/controllers/application/pull.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { MemoryEngine } from '../../../src/engine/memory/memory-engine.ts';
import { MemoryWorld } from '../../../src/engine/memory/memory-world.ts';
import { MemoryDatabase } from '../../../src/store/memory/memory-database.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { StoreUnavailable } from '../../../src/store/store.ts';
import { VirtualClock } from '../../virtual-clock.ts';
import { changes, declaration } from '../../store/records.ts';

const IMAGE = 'demo-web:1';

describe('ImagePuller', () => {
  const setUp = async () => {
    const clock = new VirtualClock(new Date('2026-01-01T00:00:00Z'));
    const world = new MemoryWorld(clock);
    const database = new MemoryDatabase(
      () => clock.now(),
      () => 'uid',
    );
    const calls: string[] = [];
    const connection = { away: false };
    const store = new MemoryStore(database, {
      before: async (method) => {
        if (connection.away) throw new StoreUnavailable(new Error('gone'));
        calls.push(method);
      },
    });
    const engine = new MemoryEngine(world, {
      installation: 'test',
      faults: { before: ({ method }) => void calls.push(method) },
    });
    const outbox = new Outbox(store, clock, { onReturn: () => undefined, onRefused: () => undefined });
    await store.applySync(changes({ applications: [declaration('web')] }));
    calls.splice(0);
    const pullWith = (from: Engine) => {
      const puller = new ImagePuller({ engine: from, outbox, clock });
      const owner = { name: 'web', uid: 'uid', revision: 1 };
      return {
        puller,
        pull: (policy: 'Always' | 'IfNotPresent' = 'IfNotPresent') =>
          puller.pull(owner, IMAGE, policy, new AbortController().signal),
      };
    };
    /** An engine that pulls this long, and says so at these moments, in milliseconds from the beginning. */
    const slowly = (...reports: [at: number, percent: number | null][]): Engine => {
      const resolveImage: Engine['resolveImage'] = async (image, policy, signal, onProgress) => {
        let before = 0;
        for (const [at, percent] of reports) {
          clock.advance(at - before);
          before = at;
          onProgress?.({ status: 'Downloading', percent });
        }
        return await engine.resolveImage(image, policy, signal);
      };
      return new Proxy<Engine>(engine, {
        get: (target, key) =>
          key === 'resolveImage' ? resolveImage : (Reflect.get(target, key) as () => unknown).bind(target),
      });
    };
    return { clock, world, database, connection, engine, calls, pullWith, slowly };
  };

  it('records the image and its digest, and tells how long a download took', async () => {
    const { world, database, pullWith, slowly } = await setUp();
    world.registry.add(IMAGE);
    await pullWith(slowly([300, null], [2_100, 100])).pull();
    const imageId = world.images.get(IMAGE);
    expect(database.revisions[0]).to.include({ imageId, imageDigest: imageId });
    expect(database.events).to.have.length(1);
    expect(database.events[0]).to.deep.include({
      reason: 'ImagePulled',
      appName: 'web',
      message: 'image demo-web:1 pulled in 2.1 s',
      details: { image: IMAGE, revision: 1, imageId, imageDigest: imageId, durationMs: 2_100 },
    });
  });

  it('tells nothing of an image that was there, and knows no digest of one that was built here', async () => {
    const { world, database, pullWith, engine } = await setUp();
    const imageId = world.addImage(IMAGE);
    await pullWith(engine).pull();
    expect(database.revisions[0]).to.include({ imageId, imageDigest: null });
    expect(database.events).to.deep.equal([]);
  });

  it('writes once while the image stays what it is', async () => {
    const { world, calls, pullWith, slowly } = await setUp();
    world.addImage(IMAGE);
    world.registry.add(IMAGE);
    const { pull, puller } = pullWith(slowly([100, null]));
    await pull('Always');
    expect(calls).to.include.members(['imageDigest', 'recordImage']);
    calls.splice(0);
    await pull('Always');
    expect(calls).to.deep.equal(['resolveImage']);
    puller.forget('web');
    await pull('Always');
    expect(calls).to.include('recordImage');
  });

  it('records the new image of a tag that moved', async () => {
    const { world, database, pullWith, slowly } = await setUp();
    world.registry.add(IMAGE);
    const { pull } = pullWith(slowly([100, 100]));
    await pull('Always');
    const first = database.revisions[0]?.imageId;
    world.images.set(IMAGE, 'sha256:other');
    await pull();
    expect(first).to.match(/^sha256:/);
    expect(database.revisions[0]?.imageId).to.equal('sha256:other');
  });

  it('says how far a long pull is, once a second, and nothing of a short one', async () => {
    const { world, database, pullWith, slowly } = await setUp();
    world.addImage(IMAGE);
    await pullWith(slowly([100, null], [900, 50], [999, 99])).pull();
    expect(database.notices).to.deep.equal([]);
    await pullWith(slowly([500, null], [1_000, 3], [1_500, 7], [1_999, 9], [2_400, 40], [9_000, 90])).pull();
    expect(database.notices).to.deep.equal([
      { appName: 'web', image: IMAGE, percent: 3 },
      { appName: 'web', image: IMAGE, percent: 40 },
      { appName: 'web', image: IMAGE, percent: 90 },
    ]);
  });

  it('goes on while the database is away, and writes when it is back', async () => {
    const { clock, world, database, connection, pullWith, slowly } = await setUp();
    world.registry.add(IMAGE);
    connection.away = true;
    await pullWith(slowly([2_000, 50], [4_000, 100])).pull();
    expect(database.revisions[0]?.imageId).to.equal(null);
    connection.away = false;
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(database.revisions[0]?.imageId).to.equal(world.images.get(IMAGE));
    expect(database.events.map(({ reason }) => reason)).to.deep.equal(['ImagePulled']);
    expect(database.notices).to.deep.equal([]);
  });

  it('records nothing when there is no image', async () => {
    const { calls, pullWith, engine } = await setUp();
    const failure = await pullWith(engine)
      .pull()
      .catch((error: { code: string }) => error.code);
    expect(failure).to.equal('ImageNotFound');
    expect(calls).to.deep.equal(['resolveImage']);
  });
});
