import { isDeepStrictEqual } from 'node:util';
import type { Plan } from '../../plan/plan.ts';
import type { ApplicationRecord, ApplicationStatus, ApplicationWord, Condition } from '../../store/store.ts';
import { nextRollout, type Rollout } from '../rollout/rollout.ts';
import { declaredCount, scaledByHand } from '../scaling/by-hand.ts';
import { boundsOf } from '../scaling/limits.ts';
import type { Desired } from './desired.ts';
import { isAvailable, isLive, isReady, type Instance } from './instance.ts';
import { isFinal } from './plan.ts';
import type { ServiceStanding, SourceStanding, Standing } from './standing.ts';

/** Why an application does not get on, if it does not. */
export interface Trouble {
  reason: string;
  message: string;
}

export interface StatusInput {
  desired: Desired;
  instances: readonly Instance[];
  /** Whether nothing is left to do, now or later. */
  settled: boolean;
  /** What failed lately. */
  trouble: Trouble | null;
  standing: Standing;
  /** The applications it depends on that are not ready. */
  awaited: readonly string[];
  /** What would be done, where nothing is carried out; null where it is. */
  proposal: Plan | null;
}

type Statement = Omit<Condition, 'lastTransitionTime'>;

/** The status of an application, of what was observed alone; times of transitions are kept where nothing changed. */
export function applicationStatus(
  previous: ApplicationRecord,
  { desired, instances, settled, trouble, standing, awaited, proposal }: StatusInput,
  now: Date,
): ApplicationStatus {
  const { name, uid, generation, replicas: wanted, specHash, manifest, waits } = desired;
  const paused = desired.paused || waits || proposal !== null;
  const { minReadySeconds, progressDeadlineSeconds } = manifest.spec.strategy;
  const current = instances.filter(({ identity }) => identity.specHash === specHash);
  const ready = instances.filter((instance) => isReady(instance, now)).length;
  const available = current.filter((instance) => isAvailable(instance, minReadySeconds, now)).length;
  const resting = current.filter((instance) => isFinal(instance, manifest.spec.restartPolicy)).length;
  const enough = available + resting >= wanted;
  const complete = settled && enough;
  const worst = worstOf(current);
  const rollout =
    desired.deleted || wanted === 0
      ? previous.rollout
      : nextRollout(
          previous.rollout,
          { revision: desired.revision, available, complete, worst, progressDeadlineSeconds, paused },
          now,
        );
  const obstacle = trouble ?? troubleOf(rollout, worst);
  const mixed = instances.some((instance) => isLive(instance) && instance.identity.specHash !== specHash);
  const count = `${available} of ${wanted} ready${mixed ? ` in revision ${desired.revision}` : ''}`;
  const conditions: Statement[] = [
    readyCondition(count, enough, complete, obstacle),
    progressingCondition(desired, complete, obstacle, awaited, proposal),
    syncedCondition(previous, standing.source),
    ...healthCondition(desired, instances),
    ...routeConditions(previous, standing.route),
    scalingCondition(previous),
  ];
  return {
    name,
    uid,
    observedGeneration: generation,
    status: wordOf(desired, instances, { enough, complete, mixed, obstacle }),
    replicas: ready,
    desiredReplicas: wanted,
    conditions: conditions.map((condition) => keepTransition(condition, previous.conditions, now)),
    rollout,
    retries: previous.retries,
  };
}

function worstOf(current: readonly Instance[]): { name: string; crashes: number; finding: string } | null {
  const [worst] = current
    .filter(({ phase }) => phase === 'crashed' || phase === 'unhealthy')
    .toSorted((a, b) => b.identity.restarts - a.identity.restarts);
  return worst
    ? { name: worst.identity.name, crashes: worst.identity.restarts + 1, finding: worst.finding }
    : null;
}

function troubleOf(rollout: Rollout | null, worst: ReturnType<typeof worstOf>): Trouble | null {
  const crashLoop =
    worst && worst.crashes >= 2
      ? { reason: 'CrashLoop', message: `${worst.name} ${worst.finding}, ${worst.crashes} times in a row` }
      : null;
  if (rollout?.outcome !== 'failed' || rollout.reason === '') return crashLoop;
  // The crash that failed the rollout was not the last one.
  if (rollout.reason === 'CrashLoop' && crashLoop) return crashLoop;
  return { reason: rollout.reason, message: rollout.message };
}

function readyCondition(
  count: string,
  enough: boolean,
  complete: boolean,
  obstacle: Trouble | null,
): Statement {
  const type = 'Ready';
  if (complete) return { type, status: 'True', reason: 'AllReady', message: count };
  if (obstacle) return { type, status: 'False', ...obstacle };
  return enough
    ? { type, status: 'False', reason: 'Settling', message: `${count}, and something is still to be done` }
    : { type, status: 'False', reason: 'NotAllReady', message: count };
}

function progressingCondition(
  { name, paused, waits }: Desired,
  complete: boolean,
  obstacle: Trouble | null,
  awaited: readonly string[],
  proposal: Plan | null,
): Statement {
  const type = 'Progressing';
  if (complete) return { type, status: 'False', reason: 'Converged', message: 'nothing to do' };
  if (proposal) {
    const message = `mode observe: would take ${proposal.steps.length} steps`;
    return { type, status: 'False', reason: 'ObserveOnly', message };
  }
  if (obstacle) return { type, status: 'False', ...obstacle };
  if (paused) return { type, status: 'False', reason: 'Paused', message: `autoserve resume ${name}` };
  if (waits)
    return {
      type,
      status: 'True',
      reason: 'WaitingForDependencies',
      message: `waits until ${awaited.join(', ')} is ready`,
    };
  return { type, status: 'True', reason: 'Reconciling', message: 'on its way to the declared state' };
}

/** What the source has not said since the start is as it was. A revision that is kept is named before all but a hold. */
function syncedCondition(
  { target, revision, generation, conditions }: ApplicationRecord,
  source: SourceStanding | undefined,
): Statement {
  const no = { type: 'Synced', status: 'False' } as const;
  const before = conditions.find(({ type }) => type === 'Synced');
  if (source ? source.pruneHeld : before?.reason === 'PruneHeld')
    return {
      ...no,
      reason: 'PruneHeld',
      message:
        'its manifest is gone, and its removal is held, for it may be a mistake: put it back, or run autoserve sync --confirm-prune',
    };
  const rejected = source
    ? source.rejection && `its manifest is rejected, generation ${generation} is kept: ${source.rejection}`
    : before?.reason === 'ManifestRejected' && before.message;
  const besides = rejected ? `; ${rejected}` : '';
  if (target?.reason === 'Pinned')
    return {
      ...no,
      reason: 'Pinned',
      message: `pinned to ${target.revision}; the manifest wants ${revision}${besides}`,
    };
  if (target)
    return {
      ...no,
      reason: 'Quarantined',
      message: `revision ${revision} failed and is held until its manifest changes; ${target.revision} is kept${besides}`,
    };
  if (rejected) return { ...no, reason: 'ManifestRejected', message: rejected };
  return { type: 'Synced', status: 'True', reason: 'Synced', message: `generation ${generation}` };
}

function healthCondition({ manifest }: Desired, instances: readonly Instance[]): Statement[] {
  if (!manifest.healthCheck) return [];
  const sick = instances.filter(({ phase }) => phase === 'unhealthy').map(({ identity }) => identity.name);
  const type = 'Healthy';
  if (sick.length > 0) return [{ type, status: 'False', reason: 'Unhealthy', message: sick.join(', ') }];
  if (instances.length > 0 && instances.every(({ health }) => health?.status !== 'healthy'))
    return [
      { type, status: 'Unknown', reason: 'NonePassed', message: 'no instance has passed its check yet' },
    ];
  return [{ type, status: 'True', reason: 'NoneUnhealthy', message: 'no instance fails its check' }];
}

/** What the ingress has not said since the start is as it was. A route that is not accepted is not served, either. */
function routeConditions({ conditions }: ApplicationRecord, route: Standing['route']): Statement[] {
  const served = conditions.filter(({ type }) => type === 'RouteServed');
  if (route === undefined) return [...conditions.filter(({ type }) => type === 'RouteAccepted'), ...served];
  if (route === null) return [];
  const { accepted, service, reason, message } = route;
  if (!accepted) return [{ type: 'RouteAccepted', status: 'False', reason, message }];
  return [
    { type: 'RouteAccepted', status: 'True', reason, message },
    ...(service ? [serviceCondition(service)] : served),
  ];
}

function serviceCondition({ serving, reason, message }: ServiceStanding): Statement {
  return { type: 'RouteServed', status: serving ? 'True' : 'False', reason, message };
}

/** Whether the scaler owns the count; what it decides is in its ledger, for this is not written at every evaluation. */
function scalingCondition({
  manifest: { scaling, spec },
  scaledReplicas,
  deletionRequestedAt,
}: ApplicationRecord): Statement {
  const no = { type: 'ScalingActive', status: 'False' } as const;
  if (deletionRequestedAt) return { ...no, reason: 'BeingRemoved', message: 'its manifest is gone' };
  if (spec.suspend) return { ...no, reason: 'Suspended', message: 'its manifest suspends it' };
  const byHand = scaledByHand(scaling, scaledReplicas);
  if (byHand !== null) return { ...no, reason: 'ScaledByHand', message: byHand };
  if (scaling.mode === 'manual')
    return { ...no, reason: 'Manual', message: `the manifest says ${declaredCount(scaling)}` };
  const { min, max } = boundsOf(scaling);
  return { type: 'ScalingActive', status: 'True', reason: 'AutoScaling', message: `within ${min} to ${max}` };
}

function wordOf(
  desired: Desired,
  instances: readonly Instance[],
  {
    enough,
    complete,
    mixed,
    obstacle,
  }: Record<'enough' | 'complete' | 'mixed', boolean> & { obstacle: Trouble | null },
): ApplicationWord {
  if (desired.deleted) return 'stopping';
  if (desired.replicas === 0) return instances.some(({ container }) => container) ? 'stopping' : 'stopped';
  if (complete) return instances.some(isLive) ? 'running' : 'stopped';
  if (obstacle) return 'error';
  if (mixed) return 'updating';
  return enough ? 'running' : 'starting';
}

function keepTransition(condition: Statement, previous: readonly Condition[], now: Date): Condition {
  const before = previous.find(({ type }) => type === condition.type);
  const lastTransitionTime =
    before?.status === condition.status ? before.lastTransitionTime : now.toISOString();
  return { ...condition, lastTransitionTime };
}

/** The status while the engine does not answer: what was known stays, whether it holds is unknown. Null if it says so. */
export function unavailableStatus(
  {
    name,
    uid,
    observedGeneration,
    status,
    replicas,
    desiredReplicas,
    conditions,
    rollout,
    retries,
  }: ApplicationRecord,
  error: Error,
  now: Date,
): ApplicationStatus | null {
  const unknown = conditions
    .filter(({ type }) => !isDeclared(type))
    .map(({ type }): Statement => ({
      type,
      status: 'Unknown',
      reason: 'EngineUnavailable',
      message: error.message,
    }));
  const declared = conditions.filter(({ type }) => isDeclared(type));
  const next = [...unknown.map((condition) => keepTransition(condition, conditions, now)), ...declared];
  if (isDeepStrictEqual(next, conditions)) return null;
  return {
    name,
    uid,
    observedGeneration,
    status,
    replicas,
    desiredReplicas,
    conditions: next,
    rollout,
    retries,
  };
}

/** Whether a condition tells of what is declared, not of what the engine shows. */
function isDeclared(type: Condition['type']): boolean {
  return type === 'Synced' || type === 'ScalingActive' || type === 'RouteAccepted';
}
