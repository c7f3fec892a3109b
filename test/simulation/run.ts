import { expect } from 'chai';
import type { Fault } from './controller.ts';
import type { Call } from './intercept.ts';
import type { Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import { desiredContainers, stateOf, type State } from './state.ts';

/** From the last fault to the desired state, at most; the design's L1. */
export const CONVERGENCE_MS = 60_000;
const PASSES = 20;

export interface Crash {
  /** The number of the effect, counted from the beginning of the scenario. */
  effect: number;
  fault: Fault;
}

export interface Outcome {
  state: State;
  /** Effects of the scenario, up to rest. */
  effects: Call[];
}

/** Runs a scenario to its end and checks what must hold; with `crash`, that happens on the way. */
export async function runScenario(scenario: Scenario, crash: Crash | null): Promise<Outcome> {
  const simulation = new Simulation();
  try {
    scenario.prepare?.(simulation);
    simulation.start();
    await simulation.run(5_000);
    simulation.rest();
    simulation.note(`scenario: ${scenario.name}`);
    const before = simulation.effects.length;
    if (crash) simulation.faultOf = (effect) => (effect - before === crash.effect ? crash.fault : undefined);
    for (const [at, act] of scenario.acts)
      simulation.clock.schedule(at, () => {
        act(simulation);
        simulation.lastFaultAt = simulation.clock.now();
      });
    await simulation.run(Math.max(...scenario.acts.map(([at]) => at)));
    await convergence(simulation, scenario.withinMs ?? CONVERGENCE_MS);
    const effects = simulation.effects.slice(before);
    if (scenario.secret) simulation.invariants.secretsAreSafe();
    expect(simulation.invariants.violations, 'violations').to.deep.equal([]);
    await rest(simulation);
    const state = stateOf(simulation);
    expect(state.containers, 'containers').to.deep.equal(
      scenario.containers?.(simulation) ?? desiredContainers(simulation),
    );
    expect(state.openOperations, 'open operations').to.deep.equal([]);
    return { state, effects };
  } catch (error) {
    throw explained(
      error,
      simulation,
      `${scenario.name}, ${crash ? `${crash.fault} at effect ${crash.effect}` : 'undisturbed'}`,
    );
  }
}

/** Lets as much time pass as there may be between the last fault and the desired state. */
export async function convergence(simulation: Simulation, withinMs: number): Promise<void> {
  for (;;) {
    const end = simulation.lastFaultAt.getTime() + withinMs;
    if (simulation.clock.now().getTime() >= end) return;
    await simulation.runUntil(end);
  }
}

/** At rest, twenty more passes have no effect at all. */
export async function rest(simulation: Simulation): Promise<void> {
  const before = simulation.effects.length;
  simulation.note('at rest');
  for (let pass = 0; pass < PASSES; pass += 1) {
    simulation.controller?.loop.manager.resync();
    if (pass % 5 === 0) void simulation.controller?.loop.synchronizer.sync();
    await simulation.run(100);
  }
  expect(simulation.effects.slice(before), 'effects of twenty passes at rest').to.deep.equal([]);
}

/** The error with everything that is needed to see how it came to be. */
export function explained(error: unknown, simulation: Simulation, what: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const failure = new Error(`${what}: ${message}\n  ${simulation.trace.join('\n  ')}`, { cause: error });
  // The trace says more than the stack, which mocha would print, too.
  failure.stack = failure.message;
  return failure;
}
