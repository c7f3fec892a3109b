import type { Cause, Plan } from '../../plan/plan.ts';
import type { AppSpec } from '../../manifest/app.gen.ts';
import type { PlannedIdentity } from '../../plan/action.ts';
import type { Desired } from './desired.ts';
import {
  availableAt,
  isAvailable,
  isBusy,
  isComing,
  isLeaving,
  isReady,
  readyAt,
  takesRoom,
  type Instance,
} from './instance.ts';
import { PlanSteps } from './plan-steps.ts';
import { planRestart } from './restart.ts';
import { sortInstances, type Slot } from './slots.ts';

export interface Decision {
  plan: Plan;
  /** When to decide again although nothing else happens; null for never. */
  wakeAt: Date | null;
  /** Whether every index has its instance and nothing is left to remove, now or later. */
  settled: boolean;
}

/**
 * What to do so that the observed instances become the desired ones. Pure: time is an input, and the same inputs give
 * the same plan. Ended instances are replaced at once or when their backoff ends, unhealthy ones a few at a time,
 * surplus ones are drained and removed, and those of another spec give way within the strategy's budget. What is in hand
 * counts as done where that takes room or leaves less ready, and is not planned again.
 *
 * @param instances every instance of the application that is known, of any revision
 */
export function planApplication(
  desired: Desired,
  instances: readonly Instance[],
  networkExists: boolean,
  now: Date,
): Decision {
  const { slots: observed, surplus } = sortInstances(desired.specHash, desired.replicas, instances, now);
  const processes = observed.flatMap(({ all }) => all).filter(takesRoom);
  const room = desired.waits ? 0 : desired.replicas + desired.budget.surge - processes.length;
  const steps = new PlanSteps(desired, networkExists, room, now);
  for (const instance of surplus) steps.depart(instance, causeOfSurplus(desired));
  for (const { busy, keeper } of observed) if (!busy && keeper?.phase === 'running') steps.undrain(keeper);
  const slots = shedUnhealthy(observed, steps);
  for (const slot of slots) fillSlot(slot, slots, desired, steps, now);
  updateSlots(slots, desired, steps, now);
  replaceUnhealthy(slots, desired, steps, now);
  for (const instance of instances)
    for (const at of [readyAt(instance), availableAt(instance, minReady(desired))])
      if (at && at > now) steps.wake(at);
  const plan = steps.build();
  const filled = slots.every(
    ({ keeper, ended, old }) =>
      old.length === 0 &&
      (keeper ? keeper.phase === 'running' : ended.some((instance) => isFinal(instance, policyOf(desired)))),
  );
  return {
    plan,
    wakeAt: steps.wakeAt,
    settled: filled && plan.steps.length === 0 && !steps.waiting && !instances.some(isBusy),
  };
}

/**
 * Where there are too many processes, as many as are too many of the unhealthy ones go and are not replaced for now: first
 * where something of an older spec serves.
 *
 * @returns the slots, with those in which something goes as busy
 */
function shedUnhealthy(slots: Slot[], steps: PlanSteps): Slot[] {
  if (steps.room >= 0) return slots;
  const shed = slots
    .filter(({ busy, ended: [latest] }) => !busy && latest?.phase === 'unhealthy' && takesRoom(latest))
    .toSorted((a, b) => b.old.length - a.old.length)
    .slice(0, -steps.room);
  for (const { ended } of shed)
    for (const instance of ended) steps.remove(instance, causeOfRemoval(instance));
  steps.room += shed.length;
  return slots.map((slot) => (shed.includes(slot) ? { ...slot, busy: true } : slot));
}

/** Gives a slot its one instance where nothing of an older spec runs in it, and clears away what has ended. */
function fillSlot(slot: Slot, slots: readonly Slot[], desired: Desired, steps: PlanSteps, now: Date): void {
  const { keeper, ended, old, oldEnded, busy } = slot;
  if (busy) return;
  if (keeper?.phase === 'running') {
    steps.limit(keeper);
    clearSlot(slot, keeper, steps);
    return;
  }
  if (old.length > 0 || (!keeper && ended[0]?.phase === 'unhealthy')) return; // see updateSlots, replaceUnhealthy
  // Recreate: nothing of the present spec is made while anything of an older one runs.
  const waits = isRecreate(desired) && slots.some(isOutdated);
  if (waits || !hasRoom(slot, steps)) return;
  if (keeper) {
    finish(slot, keeper, steps);
    return;
  }
  if (ended[0]) {
    replaceEnded(slot, ended[0], desired, steps, now);
    return;
  }
  const cause: Cause = oldEnded[0]
    ? { reason: 'InstanceDied', message: `${oldEnded[0].identity.name} ${oldEnded[0].finding}` }
    : { reason: 'InstanceMissing', message: `no instance fills index ${slot.index}` };
  swap(slot, steps.next(slot, 0), cause, steps);
}

function replaceEnded(slot: Slot, latest: Instance, desired: Desired, steps: PlanSteps, now: Date): void {
  if (isFinal(latest, policyOf(desired))) return;
  const { dueAt, restarts } = planRestart(latest, now);
  if (dueAt > now) {
    steps.wake(dueAt);
    return;
  }
  swap(slot, steps.next(slot, restarts), causeOfReplacement(latest), steps);
}

/** Takes a live instance the rest of its way to running. */
function finish(slot: Slot, { identity, container, finding }: Instance, steps: PlanSteps): void {
  const cause: Cause = { reason: 'InstanceNotStarted', message: `${identity.name} ${finding}` };
  swap(slot, identity, cause, steps, container?.id);
}

/** Makes the next instance of a slot, or starts a created one; what has a process in its place stops before. */
function swap(slot: Slot, next: PlannedIdentity, cause: Cause, steps: PlanSteps, created?: string): void {
  const replaced = [...slot.duplicates, ...slot.ended, ...slot.oldEnded];
  const creation = created === undefined ? [steps.create(next, cause)] : steps.network(cause);
  const stopped = replaced.flatMap((instance) => steps.stop(instance, cause, creation));
  steps.room += replaced.filter(takesRoom).length;
  const started = steps.start(next, cause, [...creation, ...stopped], created);
  for (const instance of replaced) steps.removeOnly(instance, causeOfRemoval(instance), [started]);
}

/** Whether one more process may be started in the slot: there is room, or an unhealthy one gives way. */
function hasRoom({ ended }: Slot, { room }: PlanSteps): boolean {
  return room + ended.filter(takesRoom).length > 0;
}

/** Removes what a slot's instance has taken the place of; what still runs of an older spec goes with the rollout. */
function clearSlot({ index, duplicates, ended, oldEnded }: Slot, filler: Instance, steps: PlanSteps): void {
  const cause: Cause = { reason: 'Duplicate', message: `${filler.identity.name} fills index ${index}` };
  for (const instance of duplicates) steps.remove(instance, cause);
  for (const instance of [...ended, ...oldEnded]) steps.remove(instance, causeOfRemoval(instance));
}

/**
 * Moves slots from an older spec to the present one. There are never more processes than desired + surge, and as long as
 * it is up to us never fewer available instances than desired − unavailable. Of the old, the unready go first.
 */
function updateSlots(slots: readonly Slot[], desired: Desired, steps: PlanSteps, now: Date): void {
  const outdated = slots.filter(({ old }) => old.length > 0);
  if (outdated.length === 0 || desired.paused || desired.waits) return;
  const { unavailable } = desired.budget;
  const causeFor = ({ identity }: Instance): Cause => ({
    reason: 'SpecChanged',
    message: `${identity.name} is not of revision ${desired.revision}`,
  });

  const unhealthyFirst = outdated.toSorted(
    (a, b) => readiness(a, now) - readiness(b, now) || a.index - b.index,
  );
  for (const slot of isRecreate(desired) ? [] : unhealthyFirst) {
    const [latest] = slot.ended;
    const restart = latest && planRestart(latest, now);
    const [old] = slot.old;
    if (
      slot.busy ||
      !hasRoom(slot, steps) ||
      !old ||
      slot.keeper?.phase === 'running' ||
      (!slot.keeper && latest?.phase === 'unhealthy')
    )
      continue;
    if (slot.keeper) finish(slot, slot.keeper, steps);
    else if (restart && restart.dueAt > now) {
      steps.wake(restart.dueAt);
      continue;
    } else swap(slot, steps.next(slot, restart?.restarts ?? 0), causeFor(old), steps);
  }

  const isCounted = (instance: Instance): boolean =>
    !isLeaving(instance) && isAvailable(instance, minReady(desired), now);
  const available =
    slots.filter(({ keeper }) => keeper && isCounted(keeper)).length +
    slots.flatMap(({ old }) => old).filter((instance) => serves(instance, now)).length;
  let spare = available - (desired.replicas - unavailable);
  const leaving = unhealthyFirst
    .toSorted((a, b) => Number(b.keeper && isCounted(b.keeper)) - Number(a.keeper && isCounted(a.keeper)))
    .flatMap(({ old }) => old)
    .toSorted((a, b) => Number(serves(a, now)) - Number(serves(b, now)));
  const isImageHad = slots.some(({ keeper }) => keeper?.container);
  for (const old of leaving) {
    if (serves(old, now)) {
      if (spare <= 0) continue;
      spare -= 1;
    }
    const cause = causeFor(old);
    // An image that cannot be had must leave the old instance serving.
    steps.depart(old, cause, () => (isImageHad ? [] : steps.prepare(cause)));
  }
}

/** Replaces unhealthy instances of the present spec, so many at a time as may be unavailable, at least one. */
function replaceUnhealthy(slots: readonly Slot[], desired: Desired, steps: PlanSteps, now: Date): void {
  const isAwaited = ({ keeper }: Slot): boolean =>
    keeper !== undefined &&
    (keeper.phase === 'running' || isComing(keeper)) &&
    (isLeaving(keeper) || !isAvailable(keeper, minReady(desired), now));
  const onTheirWay = slots.filter(isAwaited).length + steps.starts;
  let room = Math.max(1, Math.min(desired.budget.unavailable, slots.length - 1)) - onTheirWay;
  for (const slot of slots) {
    const [sick] = slot.ended;
    if (slot.busy || sick?.phase !== 'unhealthy' || slot.keeper || room <= 0) continue;
    const { dueAt, restarts } = planRestart(sick, now);
    if (dueAt > now) {
      steps.wake(dueAt);
      continue;
    }
    room -= 1;
    swap(slot, steps.next(slot, restarts), causeOfReplacement(sick), steps);
  }
}

/** Whether something of an older spec runs in the slot, or is being started. */
function isOutdated({ old, oldEnded }: Slot): boolean {
  return old.length > 0 || oldEnded.some(isComing);
}

/** Whether the restart policy lets an ended instance rest. */
export function isFinal({ phase }: Instance, policy: AppSpec['restartPolicy']): boolean {
  if (phase === 'completed') return policy !== 'Always';
  return phase === 'crashed' && policy === 'Never';
}

/** 0 when nothing of an older spec in the slot serves, so that replacing it costs nothing. */
function readiness({ old }: Slot, now: Date): number {
  return Number(old.some((instance) => serves(instance, now)));
}

/** Whether the instance serves and is to go on doing so. */
function serves(instance: Instance, now: Date): boolean {
  return !isLeaving(instance) && isReady(instance, now);
}

function policyOf({ manifest }: Desired): AppSpec['restartPolicy'] {
  return manifest.spec.restartPolicy;
}

function minReady({ manifest }: Desired): number {
  return manifest.spec.strategy.minReadySeconds;
}

function isRecreate({ manifest }: Desired): boolean {
  return manifest.spec.strategy.type === 'Recreate';
}

function causeOfSurplus({ deleted, replicas }: Desired): Cause {
  return deleted
    ? { reason: 'Deleted', message: 'its manifest is gone' }
    : { reason: 'ScaledIn', message: `${replicas} wanted` };
}

function causeOfReplacement({ phase, identity, finding }: Instance): Cause {
  const reason =
    phase === 'drifted' ? 'InstanceDrifted' : phase === 'unhealthy' ? 'InstanceUnhealthy' : 'InstanceDied';
  return { reason, message: `${identity.name} ${finding}` };
}

function causeOfRemoval(instance: Instance): Cause {
  return instance.finding === ''
    ? { reason: 'SpecChanged', message: `${instance.identity.name} is of another spec` }
    : causeOfReplacement(instance);
}
