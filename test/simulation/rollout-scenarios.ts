import { others, to, web, type Scenario } from './scenario.ts';
import { SICK_IMAGE, type Declaration, type Simulation } from './simulation.ts';
import { desiredContainers } from './state.ts';

/** Runs, and its health check fails from now on. */
const sicken = (index: number) => to('web', index, (simulation, id) => void simulation.sick.add(id));

const checked = (simulation: Simulation, declaration: Declaration = {}): void =>
  simulation.declare('web', { replicas: 3, checked: true, ...declaration });

/** Limits, health, rollouts and dependencies. */
export const ROLLOUT_SCENARIOS: Scenario[] = [
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
    prepare: (s) => checked(s, { replicas: 1 }),
    acts: [
      [0, (s) => s.rest()],
      [0, (s) => checked(s, { image: SICK_IMAGE, replicas: 1, strategy: 'progressDeadlineSeconds: 10' })],
      [12_000, (s) => s.note('by now it was rolled back')],
    ],
    containers: (s) => desiredContainers(s, 0),
  },
  {
    name: 'a revision that was rolled back is mended',
    prepare: (s) => checked(s, { replicas: 1 }),
    acts: [
      [0, (s) => checked(s, { image: SICK_IMAGE, replicas: 1, strategy: 'progressDeadlineSeconds: 10' })],
      [25_000, (s) => checked(s, { image: 'web:2', replicas: 1 })],
    ],
  },
  {
    name: 'an application waits for another one',
    acts: [
      [0, (s) => s.declare('web', { dependsOn: 'other' })],
      [3_000, others],
    ],
  },
];
