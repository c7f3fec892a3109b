import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { EngineError } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { MemoryWorld } from '../../src/engine/memory/memory-world.ts';
import { eventually } from '../eventually.ts';
import { engineContract } from './contract.ts';
import { expectRefusal, readSecret, specOf, type Host } from './contract/fixture.ts';

const IMAGE = 'test:1';

function memoryHost(): Host {
  const world = new MemoryWorld(systemClock);
  world.addImage(IMAGE);
  return {
    image: IMAGE,
    greeting: 0,
    engine: (installation) => new MemoryEngine(world, { installation, secrets: readSecret }),
    kill: async (id) => world.kill(id),
    stop: async (id) => world.stop(id),
    crash: async (id) => world.crash(id, 1),
    print: async (id, stream, line) => world.print(id, stream, line),
    pause: async (id) => world.pause(id),
    remove: async (id) => world.remove(id),
    rename: async (id, name) => world.rename(id, name),
    disconnect: async (id) => world.disconnect(id),
    removeNetwork: async (installation) => world.removeNetwork(installation),
    addForeign: async (name) => world.addForeign(name),
    exists: async (id) => world.containers.has(id),
    isRunning: async (id) => world.get(id).state === 'running',
    environment: async (id) => world.get(id).env,
    clean: async (installation) => {
      for (const container of world.containers.values()) {
        if (container.installation === installation) world.containers.delete(container.id);
      }
      world.networks.delete(installation);
    },
  };
}

describe('MemoryEngine', () => {
  engineContract(async () => memoryHost());

  describe('as a world for simulations', () => {
    const installation = 'simulated';
    let world: MemoryWorld;
    const spec = specOf(IMAGE, 'web');

    beforeEach(() => {
      world = new MemoryWorld(systemClock);
      world.addImage(IMAGE);
      world.networks.add(installation);
    });

    it('counts what changes it, and nothing else', async () => {
      const engine = new MemoryEngine(world, { installation });
      await engine.createNetwork();
      await engine.resolveImage(IMAGE, 'IfNotPresent');
      expect(world.writes).to.equal(0);
      const id = await engine.createContainer(spec);
      await engine.createContainer(spec);
      await engine.startContainer(id);
      await engine.startContainer(id);
      await engine.stopContainer(id, 1);
      await engine.stopContainer(id, 1);
      await engine.removeContainer(id);
      await engine.removeContainer(id);
      expect(world.writes).to.equal(4);
    });

    it('fails a call before its effect', async () => {
      const before = () => Promise.reject(new EngineError('EngineUnavailable', 'away'));
      const engine = new MemoryEngine(world, { installation, faults: { before } });
      await expectRefusal('EngineUnavailable', engine.createContainer(spec));
      expect(world.containers).to.be.empty;
    });

    it('loses the reply of a call that had its effect', async () => {
      const after = () => Promise.reject(new EngineError('EngineUnavailable', 'away'));
      const engine = new MemoryEngine(world, { installation, faults: { after } });
      await expectRefusal('EngineUnavailable', engine.createContainer(spec));
      expect(world.named(spec.identity.name)).to.include({ state: 'created' });
    });

    it('lets a killed engine do nothing any more, and lives on', async () => {
      const killed = new MemoryEngine(world, { installation });
      let settled = false;
      killed.kill();
      void killed.createContainer(spec).finally(() => (settled = true));
      const id = await new MemoryEngine(world, { installation }).createContainer(spec);
      expect([...world.containers.keys()]).to.deep.equal([id]);
      expect(settled).to.be.false;
    });

    it('tells no event to a killed engine, and as many as asked to the others', async () => {
      world.options.deliveries = () => 2;
      const heard: string[] = [];
      const listen = (name: string) => {
        const engine = new MemoryEngine(world, { installation });
        engine.watch({
          onChange: () => heard.push(name),
          onReconnect: () => undefined,
          onDisconnect: () => undefined,
        });
        return engine;
      };
      const killed = listen('killed');
      const engine = listen('alive');
      killed.kill();
      await engine.createContainer(spec);
      await eventually(() => expect(heard).to.deep.equal(['alive', 'alive']));
    });

    it('lists what was a moment ago, but knows of a container that is asked for', async () => {
      world.options.listingAgeMs = 60_000;
      const engine = new MemoryEngine(world, { installation });
      const id = await engine.createContainer(spec);
      expect((await engine.observe()).containers).to.be.empty;
      expect((await engine.observe([id])).containers).to.have.length(1);
    });

    it('tells watchers that their stream broke, and that it is back', async () => {
      const heard: string[] = [];
      new MemoryEngine(world, { installation }).watch({
        onChange: () => undefined,
        onDisconnect: (error) => heard.push(error.message),
        onReconnect: () => heard.push('back'),
      });
      world.breakWatches(new Error('broken'));
      world.mendWatches();
      expect(heard).to.deep.equal(['broken', 'back']);
    });

    it('keeps the name of a container whose removal takes its time', async () => {
      const engine = new MemoryEngine(world, { installation });
      const id = await engine.createContainer(spec);
      world.beginRemoval(id);
      await expectRefusal('EngineRefused', engine.startContainer(id));
      expect(await engine.createContainer(spec)).to.equal(id);
      world.remove(id);
      expect(await engine.createContainer(spec)).to.not.equal(id);
    });

    it('pulls only what the registry has', async () => {
      world.registry.add('nginx:1');
      const engine = new MemoryEngine(world, { installation });
      expect(await engine.resolveImage('nginx:1', 'IfNotPresent')).to.equal(world.images.get('nginx:1'));
      await expectRefusal('ImageNotFound', engine.resolveImage('nginx:2', 'IfNotPresent'));
      expect(await engine.imageDigest('nginx:1')).to.be.a('string');
      world.options.registryDown = true;
      await expectRefusal('ImagePullFailed', engine.resolveImage('nginx:1', 'Always'));
    });
  });
});
