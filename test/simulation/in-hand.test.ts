import { expect } from 'chai';
import type { Member } from '../../src/control/roster.ts';
import type { ContainerSpec, InstanceIdentity } from '../../src/engine/engine.ts';
import type { MemoryContainer } from '../../src/engine/memory/memory-world.ts';
import type { ApplicationRecord } from '../../src/store/store.ts';
import type { Call } from './intercept.ts';
import { explained, rest } from './run.ts';
import { others } from './scenario.ts';
import { bringBack, SICK_IMAGE, Simulation, takeAway } from './simulation.ts';
import { desiredContainers, stateOf } from './state.ts';

describe('while something is in hand', () => {
  for (const strategy of ['type: Recreate', 'maxSurge: 0, maxUnavailable: 1'])
    it(
      `old instances stay ready until the new image is there, with "${strategy}"`,
      simulated(async (simulation) => {
        const web = { replicas: 2, checked: true, strategy };
        await begin(simulation, () => simulation.declare('web', web));
        slow(simulation, 'resolveImage', 30_000);
        simulation.declare('web', { ...web, image: 'web:2' });
        const seen = new Set<string>();
        for (let second = 0; second < 29; second += 1) {
          await simulation.run(1_000);
          simulation.controller?.loop.manager.resync();
          const ready = members(simulation).filter((member) => member.ready);
          seen.add(`${ready.length} ready, ${application(simulation)?.replicas} counted`);
        }
        expect([...seen]).to.deep.equal(['2 ready, 2 counted']);
        slow(simulation, 'resolveImage', 20);
        await simulation.run(60_000);
        await isAsDeclared(simulation);
      }),
    );

  it(
    'a step that the engine does not answer is tried again ever more rarely, though listing works',
    simulated(async (simulation) => {
      const tries: number[] = [];
      simulation.obstacle = ({ method }) => {
        if (method !== 'startContainer') return undefined;
        tries.push(simulation.clock.now().getTime());
        return 'unavailable';
      };
      simulation.declare('web', { replicas: 1 });
      simulation.start();
      await simulation.run(120_000);
      expect(tries.length).to.be.within(8, 30);
      const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
      expect(waits[0]).to.be.below(100);
      expect(Math.max(...waits)).to.be.above(10_000);
      simulation.obstacle = () => undefined;
      await simulation.run(60_000);
      await isAsDeclared(simulation);
    }),
  );

  it(
    'the status is error from the first failure of a pull on, also during the next ones',
    simulated(async (simulation) => {
      await begin(simulation, () => simulation.declare('web', { replicas: 2 }));
      slow(simulation, 'resolveImage', 8_000);
      simulation.obstacle = ({ method }) => (method === 'resolveImage' ? 'refused' : undefined);
      simulation.declare('web', { replicas: 2, image: 'web:2' });
      await simulation.run(1_000);
      const statuses = [application(simulation)?.status];
      for (let look = 0; look < 360; look += 1) {
        await simulation.run(250);
        if (look % 12 === 0) simulation.controller?.loop.manager.resync();
        const status = application(simulation)?.status;
        if (status !== statuses.at(-1)) statuses.push(status);
      }
      expect(statuses).to.deep.equal(['updating', 'error']);
      simulation.obstacle = () => undefined;
      await simulation.run(90_000);
      await isAsDeclared(simulation);
    }),
  );

  it(
    'Recreate runs one revision at a time, though a start of the old one that was called off lands late',
    simulated(async (simulation) => {
      slow(
        simulation,
        'startContainer',
        20_000,
        ({ args: [id] }) => simulation.world.containers.get(String(id))?.name === 'web-0-r1-1',
      );
      simulation.obstacle = (call) =>
        call.method === 'createContainer' && made(call).name === 'web-1-r1-1' ? 'refused' : undefined;
      const web = { replicas: 2, strategy: 'type: Recreate' };
      simulation.declare('web', web);
      simulation.start();
      await simulation.run(500);
      simulation.declare('web', { ...web, image: 'web:2' });
      const together = new Set<string>();
      for (let look = 0; look < 1_000; look += 1) {
        await simulation.run(50);
        together.add(
          [...new Set(running(simulation).map(({ identity }) => identity.revision))].join(' and '),
        );
      }
      expect([...together]).to.deep.equal(['', '1', '2']);
      await isAsDeclared(simulation);
    }),
  );

  it(
    'an application that is deleted is forgotten last, after what was being created for it',
    simulated(async (simulation) => {
      slow(simulation, 'createContainer', 20_000);
      simulation.declare('web', { replicas: 1 });
      others(simulation);
      simulation.start();
      await simulation.run(5_000);
      simulation.undeclare('web');
      for (let second = 0; second < 40; second += 1) {
        await simulation.run(1_000);
        simulation.controller?.loop.manager.resync();
      }
      const ends = simulation.effects.flatMap((call) => {
        if (call.method === 'createContainer' && made(call).app === 'web') return 'created';
        if (call.method === 'removeContainer') return 'removed';
        return call.method === 'deleteApplication' ? 'forgotten' : [];
      });
      expect(ends).to.deep.equal(['created', 'removed', 'forgotten']);
      await isAsDeclared(simulation);
    }),
  );

  it('nothing is done twice when the database goes away before what was begun has been read', async () => {
    for (let at = 0; at <= 40; at += 4)
      await simulated(async (simulation) => {
        const web = { replicas: 3, strategy: 'maxSurge: 1, maxUnavailable: 0' };
        await begin(simulation, () => simulation.declare('web', web));
        slow(simulation, 'resolveImage', 2_000);
        slow(simulation, 'createContainer', 1_000);
        const before = effects(simulation, 'openOperations').length;
        simulation.declare('web', { ...web, image: 'web:2' });
        await until(simulation, () => effects(simulation, 'openOperations').length > before);
        await simulation.run(at);
        takeAway(simulation, 'database');
        await simulation.run(500);
        simulation.controller?.loop.manager.resync();
        await simulation.run(15_000);
        bringBack(simulation, 'database');
        await simulation.run(60_000);
        const creations = effects(simulation, 'createContainer').map((call) => made(call).name);
        const starts = effects(simulation, 'startContainer').map(({ args: [id] }) => id);
        expect(creations)
          .to.have.length(6)
          .and.deep.equal([...new Set(creations)]);
        expect(starts)
          .to.have.length(6)
          .and.deep.equal([...new Set(starts)]);
        await isAsDeclared(simulation);
      })();
  });

  it('the second of two saves is rolled out at once, though the first needs a slow pull', async () => {
    for (let gap = 50; gap <= 200; gap += 50)
      await simulated(async (simulation) => {
        simulation.world.addImage('web:3');
        await begin(simulation, () => simulation.declare('web', { replicas: 2 }));
        slow(simulation, 'observe', 200);
        slow(simulation, 'resolveImage', 40_000, ({ args: [image] }) => image === 'web:2');
        simulation.declare('web', { replicas: 2, image: 'web:2' });
        await simulation.run(gap);
        simulation.declare('web', { replicas: 2, image: 'web:3' });
        await simulation.run(10_000);
        expect(running(simulation).map(({ spec }) => spec.image)).to.deep.equal(['web:3', 'web:3']);
        await simulation.run(60_000);
        const images = effects(simulation, 'createContainer').map(
          ({ args: [spec] }) => (spec as ContainerSpec).image,
        );
        expect(images).to.deep.equal(['web:1', 'web:1', 'web:3', 'web:3']);
        await isAsDeclared(simulation);
      })();
  });

  it(
    'a look at the world that ends after the loop was told to stop has no consequences',
    simulated(async (simulation) => {
      await begin(simulation, () => simulation.declare('web', { replicas: 2 }));
      slow(simulation, 'observe', 200);
      simulation.declare('web', { replicas: 2, image: 'web:2' });
      await until(simulation, () => application(simulation)?.generation === 2);
      await simulation.run(100);
      const before = simulation.effects.length;
      const stopped = simulation.controller?.loop.stop();
      await simulation.run(90_000);
      await stopped;
      expect(simulation.effects.slice(before).filter(({ on }) => on === 'engine')).to.deep.equal([]);
      expect(stateOf(simulation)).to.deep.include({
        containers: desiredContainers(simulation, 0),
        openOperations: [],
      });
    }),
  );

  it(
    'going back to the last stable revision waits for the database, without a fuss',
    simulated(async (simulation) => {
      await begin(simulation, () => simulation.declare('web', { checked: true }));
      simulation.declare('web', {
        image: SICK_IMAGE,
        checked: true,
        strategy: 'progressDeadlineSeconds: 10',
      });
      await simulation.run(3_000);
      takeAway(simulation, 'database');
      const before = simulation.calls;
      await simulation.run(30_000);
      expect(simulation.calls - before).to.be.below(120);
      const rolledBack = () =>
        simulation.database.events.filter(({ reason }) => reason === 'RolledBack').length;
      expect(rolledBack()).to.equal(0);
      bringBack(simulation, 'database');
      await simulation.run(60_000);
      expect(rolledBack()).to.equal(1);
      expect(running(simulation).map(({ spec }) => spec.image)).to.deep.equal(['web:1']);
      await rest(simulation);
    }),
  );
});

/** A test on an installation of its own; its failure tells what happened there. */
function simulated(test: (simulation: Simulation) => Promise<void>): () => Promise<void> {
  return async () => {
    const simulation = new Simulation();
    try {
      await test(simulation);
      expect(simulation.invariants.violations, 'violations').to.deep.equal([]);
    } catch (error) {
      throw explained(error, simulation, 'simulated');
    }
  };
}

/** Starts the controller and lets what is declared come to run. */
async function begin(simulation: Simulation, declare: () => void): Promise<void> {
  declare();
  simulation.start();
  await simulation.run(5_000);
}

/** Lets calls of a method, or those of them that are meant, take so many milliseconds from now on. */
function slow(
  simulation: Simulation,
  method: string,
  ms: number,
  isMeant: (call: Call) => boolean = () => true,
): void {
  const usual = simulation.latency.bind(simulation);
  simulation.latency = (call) => (call.method === method && isMeant(call) ? ms : usual(call));
}

/** Lets time pass, a millisecond after the other, until something is so; a minute at most. */
async function until(simulation: Simulation, isSo: () => boolean): Promise<void> {
  for (let ms = 0; ms < 60_000 && !isSo(); ms += 1) await simulation.run(1);
  expect(isSo(), isSo.toString()).to.equal(true);
}

async function isAsDeclared(simulation: Simulation): Promise<void> {
  const { containers, openOperations } = stateOf(simulation);
  expect(containers, 'containers').to.deep.equal(desiredContainers(simulation));
  expect(openOperations, 'open operations').to.deep.equal([]);
  await rest(simulation);
}

function effects(simulation: Simulation, method: string): Call[] {
  return simulation.effects.filter((call) => call.method === method);
}

/** What a call to create a container is about. */
function made({ args: [spec] }: Call): InstanceIdentity {
  return (spec as ContainerSpec).identity;
}

function running({ world }: Simulation): MemoryContainer[] {
  return [...world.containers.values()].filter(({ state }) => state === 'running');
}

function application({ database }: Simulation): ApplicationRecord | undefined {
  return database.applications.get('web');
}

/** The instances of the first application, as the controller shows them to others. */
function members({ controller }: Simulation): readonly Member[] {
  return controller?.loop.roster.entries[0]?.members ?? [];
}
