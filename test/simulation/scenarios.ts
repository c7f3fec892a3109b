import { INSTALLATION, SECRET_VALUE } from './names.ts';
import { others, to, web, type Scenario } from './scenario.ts';
import { bringBack, takeAway, type Simulation } from './simulation.ts';
import { desiredContainers } from './state.ts';

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
