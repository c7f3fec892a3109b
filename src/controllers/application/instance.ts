import { constants } from 'node:os';
import type { ObservedContainer } from '../../engine/engine.ts';
import type { Probe } from '../../store/instance-health.ts';
import type { HealthWord, InstanceRecord } from '../../store/store.ts';
import type { ActionKind, PlannedIdentity } from '../../plan/action.ts';

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
 * | unhealthy | runs, and its health check has failed for good |
 * | drifted | somebody else stopped, killed, paused, renamed, disconnected or limited it |
 * | completed | ended with exit code 0 |
 * | crashed | ended otherwise, or could not be started |
 * | lost | had a container, which is gone though we did not remove it |
 * | refused | its name belongs to somebody else's container |
 */
export type Phase =
  'pending' | 'created' | 'running' | 'unhealthy' | 'drifted' | 'completed' | 'crashed' | 'lost' | 'refused';

/** One instance of an application: the journal's row and the engine's container, joined by name. */
export interface Instance {
  identity: PlannedIdentity;
  record: InstanceRecord | null;
  container: ObservedContainer | null;
  phase: Phase;
  /** What is wrong, for people; empty for a phase that needs no words. */
  finding: string;
  /** Null for an instance without a health check. */
  health: Health | null;
  /** When it was taken out of service to be removed; null while it serves. */
  drainingSince: Date | null;
  /** What is being done to it at this moment. */
  inHand: ReadonlySet<ActionKind>;
}

export interface Health {
  status: HealthWord;
  /** When it came to be so. */
  since: Date;
  /** The last ones, the oldest first. */
  probes: readonly Probe[];
}

/** What is known of a container beyond what the engine shows. */
export interface Attendance {
  health: Health | null;
  drainingSince: Date | null;
  /** What the engine said of one that it refuses to start time and again. */
  refusal: string | null;
  /** Whether it has a limit where its spec has none; the engine cannot take one off. */
  limited: boolean;
  /** Whether AutoServe has it stopped, or had. */
  stopping: boolean;
}

const NOTHING: ReadonlySet<ActionKind> = new Set();

/**
 * Joins the rows and the containers of one application.
 *
 * @param doing what is being done at this moment, by container name
 */
export function joinInstances(
  appUid: string,
  records: readonly InstanceRecord[],
  containers: readonly ObservedContainer[],
  attend: (container: ObservedContainer, record: InstanceRecord | null) => Attendance,
  doing: ReadonlyMap<string, ReadonlySet<ActionKind>> = new Map(),
): Instance[] {
  const rest = new Map(records.map((record) => [record.containerName, record]));
  const instances: Instance[] = [];
  for (const container of containers) {
    const { operationId: _, ...identity } = container.identity;
    const record = rest.get(identity.name) ?? null;
    rest.delete(identity.name);
    const attendance = attend(container, record);
    const { health, drainingSince } = attendance;
    const found = phaseOfContainer(container, attendance);
    const inHand = doing.get(identity.name) ?? NOTHING;
    instances.push({ identity, record, container, health, drainingSince, inHand, ...found });
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
    const inHand = doing.get(identity.name) ?? NOTHING;
    const nobody = { container: null, health: null, drainingSince: null, inHand };
    instances.push({ identity, record, ...nobody, ...phaseOfRecord(record) });
  }
  return instances;
}

function phaseOfContainer(
  container: ObservedContainer,
  { health, refusal, limited, stopping }: Attendance,
): Pick<Instance, 'phase' | 'finding'> {
  switch (container.state) {
    case 'created':
      if (refusal !== null) return { phase: 'crashed', finding: `does not start: ${refusal}` };
      return { phase: 'created', finding: 'was created and not started' };
    case 'paused':
      return { phase: 'drifted', finding: 'was paused, not by AutoServe' };
    case 'running':
    case 'restarting':
      if (container.name !== container.identity.name)
        return { phase: 'drifted', finding: `was renamed to ${container.name}, not by AutoServe` };
      if (container.ip === null)
        return { phase: 'drifted', finding: 'was disconnected from its network, not by AutoServe' };
      if (limited) return { phase: 'drifted', finding: 'was updated to have a limit, not by AutoServe' };
      if (health?.status === 'unhealthy') return { phase: 'unhealthy', finding: 'failed its health check' };
      return { phase: 'running', finding: '' };
    case 'exited':
    case 'dead':
    case 'removing':
      if (stopping) return { phase: 'drifted', finding: 'was stopped by AutoServe' };
      if (container.endedBy === 'stop') return { phase: 'drifted', finding: 'was stopped, not by AutoServe' };
      if (container.endedBy === 'kill') {
        const what = container.state === 'removing' ? 'removed' : 'killed';
        return { phase: 'drifted', finding: `was ${what}, not by AutoServe` };
      }
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

/** Whether the instance serves or is on its way to. */
export function isLive({ phase }: Instance): boolean {
  return phase === 'pending' || phase === 'created' || phase === 'running';
}

/** Whether the instance runs as it was made, healthy or not. */
export function isRunning({ phase }: Instance): boolean {
  return phase === 'running' || phase === 'unhealthy';
}

/** Whether the instance has a running process, be it of use or not. */
export function hasProcess({ container }: Instance): boolean {
  return container?.state === 'running' || container?.state === 'paused';
}

/** Whether something is being done to the instance at this moment. */
export function isBusy({ inHand }: Instance): boolean {
  return inHand.size > 0;
}

/** Whether the instance is on its way to running, though it may not be seen yet. */
export function isComing({ inHand }: Instance): boolean {
  return inHand.has('createContainer') || inHand.has('startContainer');
}

/** Whether the instance is on its way out, or about to be: it must not be counted on, though it may still serve. */
export function isLeaving({ drainingSince, inHand }: Instance): boolean {
  return drainingSince !== null || DEPARTURES.some((kind) => inHand.has(kind));
}

const DEPARTURES: readonly ActionKind[] = ['drainInstance', 'stopContainer', 'removeContainer'];

/** Whether the instance is out of service for good: drained, or being ended where nothing has to be drained before. */
export function isOut({ drainingSince, inHand }: Instance): boolean {
  if (inHand.has('undrainInstance')) return false;
  if (drainingSince !== null) return true;
  return !inHand.has('drainInstance') && (inHand.has('stopContainer') || inHand.has('removeContainer'));
}

/**
 * Whether the instance has, or is about to have, one of the processes of which there may be only so many. What is out of
 * service does not count, lest a slow end delay its successor.
 */
export function takesRoom(instance: Instance): boolean {
  return isComing(instance) || (isRunning(instance) && !isOut(instance));
}

/**
 * Since when, or from when on, the instance is ready: with a health check since it passed, without one after a second
 * of running. Null while that cannot be told, and for an instance that is being taken out of service.
 */
export function readyAt({ phase, container, health, drainingSince }: Instance): Date | null {
  if (phase !== 'running' || drainingSince || !container?.startedAt) return null;
  if (health) return health.status === 'healthy' ? health.since : null;
  return new Date(container.startedAt.getTime() + READY_AFTER_MS);
}

export function isReady(instance: Instance, now: Date): boolean {
  const at = readyAt(instance);
  return at !== null && at <= now;
}

/** When the instance has been ready for `minReadySeconds`, so that a rollout counts on it. */
export function availableAt(instance: Instance, minReadySeconds: number): Date | null {
  const at = readyAt(instance);
  return at && new Date(at.getTime() + minReadySeconds * 1_000);
}

export function isAvailable(instance: Instance, minReadySeconds: number, now: Date): boolean {
  const at = availableAt(instance, minReadySeconds);
  return at !== null && at <= now;
}
