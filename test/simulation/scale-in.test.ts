import { expect } from 'chai';
import { settlementOf } from '../../src/settlement.ts';
import { Simulation } from './simulation.ts';

const SYNCED = {
  changed: [],
  held: [],
  rejected: new Map<string, string>(),
  diagnostics: [],
  apps: 1,
  sourceError: null,
  recheckAt: null,
};

describe('a scale-in', () => {
  it('is on its way, though all that is wanted is ready, until what is too much has left', async () => {
    const simulation = new Simulation(1);
    simulation.declare('web', { replicas: 3, checked: true });
    simulation.start();
    await simulation.run(20_000);
    const { database, world } = simulation;
    const settlement = (): string => settlementOf(SYNCED, [...database.applications.values()]);
    expect(settlement()).to.equal('reached');
    simulation.declare('web', { replicas: 2, checked: true });
    const words = new Set<string>();
    for (let step = 0; step < 200; step += 1) {
      await simulation.run(20);
      const [web] = database.applications.values();
      if (web?.observedGeneration !== 2) continue;
      words.add(web?.status ?? '');
      if (settlement() === 'reached') break;
    }
    expect(settlement()).to.equal('reached');
    expect([...world.containers.values()].filter(({ state }) => state === 'running')).to.have.length(2);
    expect([...words]).to.deep.equal(['running']);
  });
});
