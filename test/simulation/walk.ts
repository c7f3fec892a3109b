import { INSTALLATION } from './names.ts';
import type { MemoryContainer } from '../../src/engine/memory/memory-world.ts';
import type { Fault } from './controller.ts';
import { seededRandom } from './random.ts';
import { bringBack, takeAway, type Simulation } from './simulation.ts';

/** How long faults and people go on, in milliseconds of virtual time. */
export const WALK_MS = 90_000;
const ACTS = 30;
/** So that no crash loop's backoff is longer than the time to converge: five in a row make 16 s. */
const MOST_CRASHES = 5;
/** An application that nobody ever changes, so that whatever is not broken of it must be left alone. */
const CONSTANT = 'constant';
const CHANGING = ['web', 'api'];
const FAULTS: Fault[] = [
  'killed before',
  'killed after',
  'killed and lands late',
  'refused',
  'unavailable',
  'reply lost',
  'stopped',
];

type Act = (simulation: Simulation, walk: Walk) => void;

/** A random way through everything that may happen, at random times; the same for the same seed. */
export class Walk {
  readonly #simulation: Simulation;
  readonly #random: () => number;
  #crashes = 0;

  constructor(simulation: Simulation, seed: number) {
    this.#simulation = simulation;
    this.#random = seededRandom(seed + 1_000_000);
  }

  begin(): void {
    const simulation = this.#simulation;
    const faultiness = this.pick([0, 0.01, 0.03]);
    simulation.declare(CONSTANT, { replicas: 2 });
    for (const app of CHANGING) simulation.declare(app, { replicas: this.below(4) });
    simulation.honest = true;
    simulation.slowness = () => 0.1 + 3 * this.#random();
    simulation.faultOf = () => (this.#random() < faultiness ? this.pick(FAULTS) : undefined);
    for (let act = 0; act < ACTS; act += 1)
      simulation.clock.schedule(this.below(WALK_MS), () => {
        this.pick(ACT_LIST)(simulation, this);
        simulation.lastFaultAt = simulation.clock.now();
      });
    simulation.start();
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    const simulation = this.#simulation;
    simulation.fault('the last one');
    simulation.faultOf = () => undefined;
    simulation.world.options.listingAgeMs = 0;
    simulation.world.options.deliveries = () => 1;
    simulation.files.returnAgain();
    bringBack(simulation, 'database');
    bringBack(simulation, 'engine');
    for (const { id, state } of this.ours()) if (state === 'removing') simulation.world.remove(id);
  }

  /** A whole number from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  ours(): MemoryContainer[] {
    return [...this.#simulation.world.containers.values()].filter(
      ({ installation }) => installation === INSTALLATION,
    );
  }

  /** Does something to one of our containers that are in that state, if there is one. */
  toOne(state: MemoryContainer['state'], what: string, act: (container: MemoryContainer) => void): void {
    const container = this.pick(this.ours().filter((each) => each.state === state));
    if (!container) return;
    this.#simulation.note(`somebody: ${what} ${container.name}`);
    act(container);
  }

  crash(exitCode: number, oomKilled: boolean): void {
    this.#crashes += 1;
    if (this.#crashes > MOST_CRASHES) return;
    this.toOne('running', `crash with ${exitCode} of`, ({ id }) =>
      this.#simulation.world.crash(id, exitCode, oomKilled),
    );
  }

  /** Until some time later. */
  forAWhile(begin: () => void, end: () => void): void {
    begin();
    this.#simulation.clock.schedule(200 + this.below(20_000), end);
  }
}

const declareOne: Act = (simulation, walk) =>
  simulation.declare(walk.pick(CHANGING), {
    replicas: walk.below(5),
    colour: walk.pick(['red', 'blue']),
    image: walk.pick(['web:1', 'web:2']),
  });

const undeclareOne: Act = (simulation, walk) => simulation.undeclare(walk.pick(CHANGING));

const ACT_LIST: Act[] = [
  declareOne,
  declareOne,
  declareOne,
  declareOne,
  undeclareOne,
  undeclareOne,
  (_, walk) => walk.crash(1, false),
  (_, walk) => walk.crash(0, false),
  (_, walk) => walk.crash(137, true),
  ({ world }, walk) => walk.toOne('running', 'pause', ({ id }) => world.pause(id)),
  ({ world }, walk) => walk.toOne('running', 'rename', ({ id }) => world.rename(id, `mine-${id.slice(-3)}`)),
  ({ world }, walk) => walk.toOne('running', 'disconnect', ({ id }) => world.disconnect(id)),
  ({ world }, walk) => walk.toOne('running', 'remove', ({ id }) => world.remove(id)),
  ({ world }, walk) => walk.toOne('created', 'remove', ({ id }) => world.remove(id)),
  ({ world }, walk) => walk.toOne('running', 'slowly remove', ({ id }) => world.beginRemoval(id)),
  ({ world, invariants }, walk) =>
    walk.toOne('exited', 'start again', (container) => {
      invariants.allowStart(container);
      world.run(container.id);
    }),
  ({ world, invariants }, walk) => {
    const name = `${walk.pick(CHANGING)}-${walk.below(3)}-r${1 + walk.below(4)}-1`;
    if (world.named(name)) return;
    world.addForeign(name);
    invariants.keepForeign();
  },
  (simulation, walk) => {
    if (walk.ours().some(({ state }) => state === 'running' || state === 'paused')) return;
    simulation.world.removeNetwork(INSTALLATION);
    simulation.note('somebody: remove the network');
  },
  ({ controller }) => controller?.kill(),
  ({ controller }) => controller?.kill(),
  ({ controller }) => controller?.stop(),
  (simulation, walk) =>
    walk.forAWhile(
      () => takeAway(simulation, 'database'),
      () => bringBack(simulation, 'database'),
    ),
  (simulation, walk) =>
    walk.forAWhile(
      () => takeAway(simulation, 'database'),
      () => bringBack(simulation, 'database'),
    ),
  (simulation, walk) =>
    walk.forAWhile(
      () => takeAway(simulation, 'engine'),
      () => bringBack(simulation, 'engine'),
    ),
  ({ files }, walk) =>
    walk.forAWhile(
      () => files.vanish(),
      () => files.returnAgain(),
    ),
  ({ world: { options } }, walk) => void (options.listingAgeMs = walk.pick([0, 50, 200])),
  ({ world: { options } }, walk) => void (options.deliveries = () => walk.below(3)),
];
