import { runScenario } from './run.ts';
import { others, web } from './scenario.ts';
import { bringBack, takeAway } from './simulation.ts';

/** The removal of two instances is over by then, in milliseconds. */
const REMOVAL_MS = 320;
const STEP_MS = 2;

describe('whenever it happens during the removal of an application', () => {
  it('the application stays, or comes back, when it is declared again', async () => {
    for (let at = 0; at < REMOVAL_MS; at += STEP_MS)
      await runScenario(
        {
          name: `declared again after ${at} ms`,
          prepare: (simulation) => (web(2)(simulation), others(simulation)),
          acts: [
            [0, (simulation) => simulation.undeclare('web')],
            [at, web(2)],
          ],
        },
        null,
      );
  });

  it('the loop waits for the database when that goes away', async () => {
    for (let at = 0; at < REMOVAL_MS; at += STEP_MS)
      await runScenario(
        {
          name: `database away after ${at} ms`,
          prepare: (simulation) => (web(2)(simulation), others(simulation)),
          acts: [
            [0, (simulation) => simulation.undeclare('web')],
            [at, (simulation) => takeAway(simulation, 'database')],
            [30_000, (simulation) => bringBack(simulation, 'database')],
          ],
        },
        null,
      );
  });
});
