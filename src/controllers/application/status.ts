import { isDeepStrictEqual } from 'node:util';
import type { ApplicationRecord, ApplicationStatus, ApplicationWord, Condition } from '../../store/store.ts';
import type { Desired } from './desired.ts';
import { isLive, isReady, type Instance } from './instance.ts';
import { isFinal } from './plan.ts';

/** Why an application does not get on, if it does not. */
export interface Trouble {
  reason: string;
  message: string;
}

export interface StatusInput {
  desired: Desired;
  instances: readonly Instance[];
  /** Whether nothing is left to do. */
  settled: boolean;
  trouble: Trouble | null;
  /** Set while the sync holds back this application's removal. */
  pruneHeld: boolean;
}

/** The status of an application, of what was observed alone; times of transitions are kept where nothing changed. */
export function applicationStatus(
  previous: ApplicationRecord,
  { desired, instances, settled, trouble, pruneHeld }: StatusInput,
  now: Date,
): ApplicationStatus {
  const { name, uid, generation, replicas: wanted, specHash } = desired;
  const current = instances.filter(({ identity }) => identity.specHash === specHash);
  const ready = instances.filter((instance) => isReady(instance, now)).length;
  const updated = current.filter((instance) => isReady(instance, now)).length;
  const resting = current.filter((instance) => isFinal(instance, desired.manifest.spec.restartPolicy)).length;
  const complete = settled && updated + resting >= wanted;
  const crashing = instances.find(({ phase, identity }) => phase === 'crashed' && identity.restarts > 0);
  const obstacle: Trouble | null =
    trouble ??
    (crashing
      ? {
          reason: 'CrashLoop',
          message: `${crashing.identity.name} ${crashing.finding}, crash ${crashing.identity.restarts + 1} in a row`,
        }
      : null);
  const conditions: Omit<Condition, 'lastTransitionTime'>[] = [
    complete
      ? { type: 'Ready', status: 'True', reason: 'AllReady', message: `${updated} of ${wanted} ready` }
      : {
          type: 'Ready',
          status: 'False',
          reason: obstacle?.reason ?? 'NotAllReady',
          message: obstacle?.message ?? `${updated} of ${wanted} ready`,
        },
    {
      type: 'Progressing',
      status: !complete && !obstacle ? 'True' : 'False',
      reason: complete ? 'Converged' : (obstacle?.reason ?? 'Reconciling'),
      message: complete ? 'nothing to do' : (obstacle?.message ?? 'on its way to the declared state'),
    },
    pruneHeld
      ? {
          type: 'Synced',
          status: 'False',
          reason: 'PruneHeld',
          message:
            'its manifest is gone, and removing so many applications at once is held: put it back, or run autoserve sync --confirm-prune',
        }
      : { type: 'Synced', status: 'True', reason: 'Synced', message: `generation ${generation}` },
  ];
  return {
    name,
    uid,
    observedGeneration: generation,
    status: wordOf(desired, instances, complete, obstacle),
    replicas: ready,
    desiredReplicas: wanted,
    conditions: conditions.map((condition) => keepTransition(condition, previous.conditions, now)),
  };
}

function wordOf(
  desired: Desired,
  instances: readonly Instance[],
  complete: boolean,
  trouble: Trouble | null,
): ApplicationWord {
  if (desired.deleted) return 'stopping';
  if (desired.replicas === 0) return instances.some(({ container }) => container) ? 'stopping' : 'stopped';
  if (complete) return instances.some(isLive) ? 'running' : 'stopped';
  if (trouble) return 'error';
  if (instances.some((instance) => isLive(instance) && instance.identity.specHash !== desired.specHash))
    return 'updating';
  return 'starting';
}

function keepTransition(
  condition: Omit<Condition, 'lastTransitionTime'>,
  previous: readonly Condition[],
  now: Date,
): Condition {
  const before = previous.find(({ type }) => type === condition.type);
  const lastTransitionTime =
    before?.status === condition.status ? before.lastTransitionTime : now.toISOString();
  return { ...condition, lastTransitionTime };
}

/** The status while the engine does not answer: what was known stays, whether it holds is unknown. Null if it says so. */
export function unavailableStatus(
  { name, uid, observedGeneration, status, replicas, desiredReplicas, conditions }: ApplicationRecord,
  error: Error,
  now: Date,
): ApplicationStatus | null {
  const unknown = conditions
    .filter(({ type }) => type !== 'Synced')
    .map(({ type }) => ({
      type,
      status: 'Unknown' as const,
      reason: 'EngineUnavailable',
      message: error.message,
    }));
  const synced = conditions.filter(({ type }) => type === 'Synced');
  const next = [...unknown.map((condition) => keepTransition(condition, conditions, now)), ...synced];
  if (isDeepStrictEqual(next, conditions)) return null;
  return { name, uid, observedGeneration, status, replicas, desiredReplicas, conditions: next };
}
