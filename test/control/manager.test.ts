import { expect } from 'chai';
import { bringBack, Simulation, takeAway } from '../simulation/simulation.ts';

/** How often everything is looked at. */
const RESYNC_MS = 50_000;

describe('the manager', () => {
  it('has passed a moment ago, whether or not the engine could be looked at', async () => {
    const simulation = new Simulation();
    takeAway(simulation, 'engine');
    simulation.start();
    expect(simulation.controller?.loop.manager.passedAt).to.equal(null);
    for (let resync = 0; resync < 10; resync += 1) {
      await simulation.run(RESYNC_MS);
      expect(sinceLastPass(simulation)).to.be.at.most(RESYNC_MS);
    }
    bringBack(simulation, 'engine');
    await simulation.run(RESYNC_MS);
    expect(sinceLastPass(simulation)).to.be.at.most(RESYNC_MS);
  });

  it('has not passed while the engine keeps it waiting', async () => {
    const simulation = new Simulation();
    simulation.start();
    await simulation.run(RESYNC_MS);
    simulation.latency = () => Infinity;
    await simulation.run(10 * RESYNC_MS);
    expect(sinceLastPass(simulation)).to.be.above(9 * RESYNC_MS);
  });
});

function sinceLastPass({ clock, controller }: Simulation): number {
  const { passedAt } = controller?.loop.manager ?? expect.fail('nothing is at work');
  return clock.now().getTime() - (passedAt?.getTime() ?? -Infinity);
}
