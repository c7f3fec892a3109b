import { INSTALLATION, SECRET_VALUE } from './names.ts';
import { bringBack, SICK_IMAGE, takeAway, type Declaration, type Simulation } from './simulation.ts';
import { desiredContainers } from './state.ts';

export interface Scenario {
  name: string;
  /** What is declared, and running, before it begins. */
  prepare?: (simulation: Simulation) => void;
  /** What happens, by milliseconds from the beginning. */
  acts: [at: number, act: (simulation: Simulation) => void][];
  /** It has a secret that must not be seen anywhere. */
  secret?: boolean;
  /** The containers at its end, where these are not those that are declared to run. */
  containers?: (simulation: Simulation) => string[];
  /** How long it may take from its last act or fault to the desired state; 60 s unless a backoff takes longer. */
  withinMs?: number;
}

export const web = (replicas: number, colour?: string) => (simulation: Simulation) =>
  simulation.declare('web', { replicas, ...(colour !== undefined && { colour }) });

export const others = (simulation: Simulation): void => simulation.declare('other', { replicas: 1 });

/** The id of the container that fills a slot, or `undefined` while none does. */
function inSlot({ world }: Simulation, app: string, index: number): string | undefined {
  return [...world.containers.values()].find(
    ({ installation, identity }) =>
      installation === INSTALLATION && identity.app === app && identity.index === index,
  )?.id;
}

/** Does something to the container of a slot, if there is one. */
const to =
  (app: string, index: number, act: (simulation: Simulation, id: string) => void) =>
  (simulation: Simulation): void => {
    const id = inSlot(simulation, app, index);
    if (id === undefined) return;
    simulation.fault(`${app}/${index}: ${act.toString().slice(0, 60)}`);
    act(simulation, id);
  };

/** A container that an engine made late, of an application that was deleted meanwhile. */
function straggler(simulation: Simulation): void {
  const { world, database } = simulation;
  const uid = database.events.find(({ reason }) => reason === 'ApplicationDeleted')?.appUid;
  const model = [...world.containers.values()].find(({ identity }) => identity.app === 'other');
  if (!model || typeof uid !== 'string') return;
  const identity = { ...model.identity, name: 'web-0-r1-1', app: 'web', appUid: uid };
  simulation.obstacle = ({ method }) => (method === 'removeContainer' ? 'refused' : undefined);
  world.add(INSTALLATION, { ...model.spec, identity }, [], null);
}

/** Runs, and its health check fails from now on. */
const sicken = (index: number) => to('web', index, (simulation, id) => void simulation.sick.add(id));

const checked = (simulation: Simulation, declaration: Declaration = {}): void =>
  simulation.declare('web', { replicas: 3, checked: true, ...declaration });

const crash = to('web', 0, ({ world }, id) => world.crash(id, 1));

export const SCENARIOS: Scenario[] = [
  { name: 'five replicas start', acts: [[0, web(5)]] },
  {
    name: 'an application with a secret starts',
    acts: [[0, (s) => s.declare('web', { secret: true })]],
    secret: true,
  },
  {
    name: 'an instance tells its secret and crashes',
    prepare: (s) => s.declare('web', { secret: true }),
    acts: [
      [0, to('web', 0, ({ world }, id) => (world.print(id, 'stderr', SECRET_VALUE), world.crash(id, 1)))],
    ],
    secret: true,
  },
  { name: 'the spec changes', prepare: web(2, 'red'), acts: [[0, web(2, 'blue')]] },
  {
    name: 'the count goes from 4 to 1 to 3',
    prepare: web(4),
    acts: [
      [0, web(1)],
      [3_000, web(3)],
    ],
  },
  {
    name: 'the count goes from 4 to 1 to 3 before anything settles',
    prepare: web(4),
    acts: [
      [0, web(1)],
      [110, web(3)],
    ],
  },
  {
    name: 'an application is deleted',
    prepare: (s) => (web(2)(s), others(s)),
    acts: [[0, (s) => s.undeclare('web')]],
  },
  {
    name: 'an application is deleted and declared again while it goes',
    prepare: (s) => (web(2)(s), others(s)),
    acts: [
      [0, (s) => s.undeclare('web')],
      [120, web(2)],
    ],
  },
  {
    name: 'an application is deleted and declared again with another spec as it is gone',
    prepare: (s) => (web(1, 'red')(s), others(s)),
    acts: [
      [0, (s) => s.undeclare('web')],
      [200, web(1, 'blue')],
    ],
  },
  {
    name: 'an instance crashes during a start',
    acts: [
      [0, web(3)],
      [190, crash],
    ],
  },
  {
    name: 'a container of a deleted application turns up and cannot be removed for a while',
    prepare: (s) => (web(1)(s), others(s)),
    acts: [
      [0, (s) => s.undeclare('web')],
      [1_000, straggler],
      [8_000, (s) => void (s.obstacle = () => undefined)],
    ],
  },
  { name: 'an instance crashes', prepare: web(2), acts: [[0, crash]] },
  {
    name: 'an instance ends with success and rests',
    prepare: (s) => s.declare('web', { restartPolicy: 'OnFailure' }),
    acts: [[0, to('web', 0, ({ world }, id) => world.crash(id, 0))]],
    containers: (s) => desiredContainers(s).map((container) => container.replace('running', 'exited')),
  },
  {
    name: 'somebody pauses an instance',
    prepare: web(2),
    acts: [[0, to('web', 0, ({ world }, id) => world.pause(id))]],
  },
  {
    name: 'somebody stops an instance and starts it again',
    prepare: web(2),
    acts: [
      [0, to('web', 0, ({ world }, id) => world.stop(id))],
      [
        60,
        to('web', 0, ({ world, invariants }, id) => {
          if (world.get(id).state !== 'exited') return;
          invariants.allowStart(world.get(id));
          world.run(id);
        }),
      ],
    ],
  },
  {
    name: 'somebody removes an instance',
    prepare: web(2),
    acts: [[0, to('web', 0, ({ world }, id) => world.remove(id))]],
  },
  {
    name: 'somebody renames an instance',
    prepare: web(2),
    acts: [[0, to('web', 0, ({ world }, id) => world.rename(id, 'mine'))]],
  },
  {
    name: 'somebody disconnects an instance',
    prepare: web(2),
    acts: [[0, to('web', 0, ({ world }, id) => world.disconnect(id))]],
  },
  {
    name: 'somebody gives an instance other limits',
    prepare: (s) => s.declare('web', { cpu: 1 }),
    acts: [[0, to('web', 0, ({ world }, id) => world.update(id, { nanoCpus: 5, memoryBytes: 0 }))]],
  },
  {
    name: 'somebody gives an instance a limit that it should not have',
    prepare: web(1),
    acts: [[0, to('web', 0, ({ world }, id) => world.update(id, { nanoCpus: 5, memoryBytes: 0 }))]],
  },
  {
    name: 'the limits of a manifest change',
    prepare: (s) => s.declare('web', { cpu: 1, replicas: 2 }),
    acts: [[0, (s) => s.declare('web', { cpu: 2, replicas: 2 })]],
  },
  { name: 'three instances with a health check start', acts: [[0, (s) => checked(s)]] },
  { name: 'an instance becomes unhealthy', prepare: (s) => checked(s), acts: [[0, sicken(1)]] },
  {
    name: 'all instances become unhealthy at once',
    prepare: (s) => checked(s),
    acts: [0, 1, 2].map((index) => [0, sicken(index)]),
  },
  {
    name: 'what can be reached gets another spec, and fewer instances in the middle of it',
    prepare: (s) => checked(s, { colour: 'red' }),
    acts: [
      [0, (s) => void (s.invariants.surge = 2)],
      [0, (s) => checked(s, { colour: 'blue', strategy: 'maxSurge: 2, maxUnavailable: 1' })],
      [1_500, (s) => checked(s, { colour: 'blue', replicas: 1 })],
    ],
  },
  {
    name: 'all instances are recreated with another spec',
    prepare: (s) => checked(s, { colour: 'red', replicas: 2 }),
    acts: [[0, (s) => checked(s, { colour: 'blue', replicas: 2, strategy: 'type: Recreate' })]],
  },
  {
    name: 'a revision never gets healthy and is rolled back',
    prepare: (s) => checked(s),
    acts: [
      [0, (s) => s.rest()],
      [0, (s) => checked(s, { image: SICK_IMAGE, strategy: 'progressDeadlineSeconds: 10' })],
      [12_000, (s) => s.note('by now it was rolled back')],
    ],
    containers: (s) => desiredContainers(s, 0),
  },
  {
    name: 'a revision that was rolled back is mended',
    prepare: (s) => checked(s),
    acts: [
      [0, (s) => checked(s, { image: SICK_IMAGE, strategy: 'progressDeadlineSeconds: 10' })],
      [25_000, (s) => checked(s, { image: 'web:2' })],
    ],
  },
  {
    name: 'an application waits for another one',
    acts: [
      [0, (s) => s.declare('web', { dependsOn: 'other' })],
      [3_000, others],
    ],
  },
  { name: 'two applications start at once', acts: [[0, (s) => (web(2)(s), others(s))]] },
  {
    name: 'the manifest changes in the middle of a start',
    acts: [
      [0, web(2, 'red')],
      [140, web(2, 'blue')],
    ],
  },
  {
    name: 'the manifest changes back in the middle of an update',
    prepare: web(2, 'red'),
    acts: [
      [0, web(2, 'blue')],
      [150, web(2, 'red')],
    ],
  },
  {
    name: 'an image is missing and comes',
    acts: [
      [0, (s) => s.declare('web', { image: 'late:1' })],
      [2_000, (s) => (s.world.addImage('late:1'), s.fault('the image comes'))],
    ],
  },
  {
    name: 'a container of somebody else has the name',
    prepare: (s) => (s.world.addForeign('web-0-r1-1'), s.invariants.keepForeign()),
    acts: [[0, web(2)]],
  },
  {
    name: 'events are lost',
    prepare: (s) => ((s.world.options.deliveries = () => 0), web(2)(s)),
    acts: [[0, crash]],
  },
  {
    name: 'events are doubled',
    prepare: (s) => ((s.world.options.deliveries = () => 2), web(2)(s)),
    acts: [[0, crash]],
  },
  {
    name: 'listings are a moment old',
    prepare: (s) => void (s.world.options.listingAgeMs = 150),
    acts: [
      [0, web(2)],
      [2_000, crash],
    ],
  },
  {
    name: 'the network is removed',
    prepare: web(1),
    acts: [
      [0, (s) => s.declare('web', { replicas: 0 })],
      [3_000, (s) => (s.world.removeNetwork(INSTALLATION), s.fault('the network is removed'))],
      [3_000, web(2)],
    ],
  },
  {
    name: 'the network is removed during a start',
    acts: [
      [0, web(2)],
      [112, (s) => (s.world.removeNetwork(INSTALLATION), s.fault('the network is removed'))],
    ],
  },
  {
    name: 'the database is away for 10 s while an instance crashes',
    prepare: web(2),
    acts: [
      [0, (s) => takeAway(s, 'database')],
      [500, crash],
      [10_000, (s) => bringBack(s, 'database')],
    ],
  },
  {
    name: 'the database is away for 60 s while instances crash and are paused',
    prepare: web(3),
    acts: [
      [0, (s) => takeAway(s, 'database')],
      [500, crash],
      [5_000, to('web', 1, ({ world }, id) => world.pause(id))],
      [30_000, to('web', 2, ({ world }, id) => world.remove(id))],
      [60_000, (s) => bringBack(s, 'database')],
    ],
  },
  {
    name: 'the database goes away as an application is deleted',
    prepare: (s) => (web(2)(s), others(s)),
    acts: [
      [0, (s) => s.undeclare('web')],
      [100, (s) => takeAway(s, 'database')],
      [10_000, (s) => bringBack(s, 'database')],
    ],
  },
  {
    name: 'the engine is away for a while during a start',
    acts: [
      [0, web(3)],
      [150, (s) => takeAway(s, 'engine')],
      [8_000, (s) => bringBack(s, 'engine')],
    ],
  },
  {
    name: 'the folder vanishes for a while',
    prepare: web(2),
    acts: [
      [0, (s) => (s.files.vanish(), s.fault('the folder vanishes'))],
      [200, crash],
      [5_000, (s) => (s.files.returnAgain(), s.fault('the folder is back'))],
    ],
  },
];
