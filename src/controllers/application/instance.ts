import { constants } from 'node:os';
import type { ObservedContainer } from '../../engine/engine.ts';
import type { InstanceRecord } from '../../store/store.ts';
import type { PlannedIdentity } from '../../plan/action.ts';

/** How long an instance without a health check must have been running to count as ready, in milliseconds. */
export const READY_AFTER_MS = 1_000;

/**
 * Where an instance is in its one-way life:
 *
 * | phase | what was observed |
 * |---|---|
 * | pending | intended in the journal; no container seen yet |
 * | created | a container that was never started |
 * | running | runs as it was made |
 * | drifted | somebody paused, renamed or disconnected it |
 * | completed | ended with exit code 0 |
 * | crashed | ended otherwise, or could not be started |
 * | lost | had a container, which is gone though we did not remove it |
 * | refused | its name belongs to somebody else's container |
 */
export type Phase =
  'pending' | 'created' | 'running' | 'drifted' | 'completed' | 'crashed' | 'lost' | 'refused';

/** One instance of an application: the journal's row and the engine's container, joined by name. */
export interface Instance {
  identity: PlannedIdentity;
  record: InstanceRecord | null;
  container: ObservedContainer | null;
  phase: Phase;
  /** What is wrong, for people; empty for a phase that needs no words. */
  finding: string;
}

/**
 * Joins the rows and the containers of one application.
 *
 * @param unstartable what the engine said, by the name of an instance that it refuses to start time and again
 */
export function joinInstances(
  appUid: string,
  records: readonly InstanceRecord[],
  containers: readonly ObservedContainer[],
  unstartable: ReadonlyMap<string, string> = new Map(),
): Instance[] {
  const rest = new Map(records.map((record) => [record.containerName, record]));
  const instances: Instance[] = [];
  for (const container of containers) {
    const { operationId: _, ...identity } = container.identity;
    const record = rest.get(identity.name) ?? null;
    rest.delete(identity.name);
    const refusal = unstartable.get(identity.name);
    instances.push({ identity, record, container, ...phaseOfContainer(container, refusal) });
  }
  for (const record of rest.values()) {
    const identity = {
      name: record.containerName,
      app: record.appName,
      appUid,
      index: record.replicaIndex,
      revision: record.revision,
      attempt: record.attempt,
      restarts: record.restarts,
      specHash: record.specHash,
    };
    instances.push({ identity, record, container: null, ...phaseOfRecord(record) });
  }
  return instances;
}

function phaseOfContainer(
  container: ObservedContainer,
  refusal: string | undefined,
): Pick<Instance, 'phase' | 'finding'> {
  switch (container.state) {
    case 'created':
      if (refusal !== undefined) return { phase: 'crashed', finding: `does not start: ${refusal}` };
      return { phase: 'created', finding: 'was created and not started' };
    case 'paused':
      return { phase: 'drifted', finding: 'was paused, not by AutoServe' };
    case 'running':
    case 'restarting':
      if (container.name !== container.identity.name)
        return { phase: 'drifted', finding: `was renamed to ${container.name}, not by AutoServe` };
      if (container.ip === null)
        return { phase: 'drifted', finding: 'was disconnected from its network, not by AutoServe' };
      return { phase: 'running', finding: '' };
    case 'exited':
    case 'dead':
    case 'removing':
      return { phase: container.exitCode === 0 ? 'completed' : 'crashed', finding: findingOfEnd(container) };
  }
}

/** An exit code over 128 tells of the signal that ended a process. */
function findingOfEnd({ exitCode, oomKilled }: ObservedContainer): string {
  if (exitCode === 0) return 'exited 0, not told to by AutoServe';
  if (oomKilled) return 'was killed for lack of memory';
  const signal = Object.entries(constants.signals).find(([, number]) => number + 128 === exitCode)?.[0];
  return signal ? `was ended by ${signal}, not by AutoServe` : `exited ${exitCode ?? '?'}`;
}

function phaseOfRecord(record: InstanceRecord): Pick<Instance, 'phase' | 'finding'> {
  if (record.containerId !== null) return { phase: 'lost', finding: 'was removed, not by AutoServe' };
  if (record.status === 'error')
    return { phase: 'refused', finding: `found its name taken by a container of somebody else` };
  return { phase: 'pending', finding: 'was intended and not created' };
}

/** A phase in which the instance serves or is on its way to. */
export function isLive({ phase }: Instance): boolean {
  return phase === 'pending' || phase === 'created' || phase === 'running';
}

/** When a running instance becomes ready, or became; null for one that does not run. */
export function readyAt({ phase, container }: Instance): Date | null {
  if (phase !== 'running' || !container?.startedAt) return null;
  return new Date(container.startedAt.getTime() + READY_AFTER_MS);
}

export function isReady(instance: Instance, now: Date): boolean {
  const at = readyAt(instance);
  return at !== null && at <= now;
}
