import { INSTALLATION } from './names.ts';
import type { Simulation } from './simulation.ts';

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
export const to =
  (app: string, index: number, act: (simulation: Simulation, id: string) => void) =>
  (simulation: Simulation): void => {
    const id = inSlot(simulation, app, index);
    if (id === undefined) return;
    simulation.fault(`${app}/${index}: ${act.toString().slice(0, 60)}`);
    act(simulation, id);
  };
