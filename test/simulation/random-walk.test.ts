import { expect } from 'chai';
import { CONVERGENCE_MS, convergence, explained, rest } from './run.ts';
import { Simulation } from './simulation.ts';
import { desiredContainers, stateOf } from './state.ts';
import { Walk, WALK_MS } from './walk.ts';

const WALKS = 250;

describe('whatever happens, once it has stopped the installation becomes what is declared', () => {
  for (let first = 0; first < WALKS; first += 50)
    it(`in random walks ${first} to ${first + 49}`, async () => {
      for (let seed = first; seed < first + 50; seed += 1) await walk(seed);
    });
});

async function walk(seed: number): Promise<void> {
  const simulation = new Simulation(seed);
  try {
    const way = new Walk(simulation, seed);
    way.begin();
    await simulation.run(WALK_MS);
    way.end();
    await convergence(simulation, CONVERGENCE_MS);
    expect(simulation.invariants.violations, 'violations').to.deep.equal([]);
    const state = stateOf(simulation);
    const desired = desiredContainers(simulation);
    expect(state.containers, 'containers').to.deep.equal(desired);
    expect(state.instances, 'rows of instances').to.deep.equal(desired);
    expect(state.openOperations, 'open operations').to.deep.equal([]);
    expect(state.applications, 'applications').to.deep.equal(desiredApplications(simulation));
    await rest(simulation);
  } catch (error) {
    throw explained(error, simulation, `seed ${seed}`);
  }
}

function desiredApplications({ versions }: Simulation): string[] {
  return [...versions]
    .flatMap(([name, known]) => {
      const version = known.at(-1);
      if (!version) return [];
      const { replicas } = version;
      const status = replicas === 0 ? 'stopped' : 'running';
      const told =
        'Ready=True:AllReady Progressing=False:Converged Synced=True:Synced ScalingActive=False:Manual';
      return [`${name} ${status} ${replicas}/${replicas} ${told}`];
    })
    .toSorted();
}
