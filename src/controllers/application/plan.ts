import { instanceName } from '../../engine/engine.ts';
import type { AppSpec } from '../../manifest/app.gen.ts';
import type { PlannedIdentity } from '../../plan/action.ts';
import { PlanBuilder, type Cause, type Plan } from '../../plan/plan.ts';
import { containerOf } from './container.ts';
import type { Desired } from './desired.ts';
import { readyAt, type Instance } from './instance.ts';
import { planRestart } from './restart.ts';
import { isServing, sortInstances, type Slot } from './slots.ts';

export interface Decision {
  plan: Plan;
  /** When to decide again although nothing else happens; null for never. */
  wakeAt: Date | null;
}

/**
 * What to do so that the observed instances become the desired ones. Pure: time is an input, and the same inputs give
 * the same plan. Dead instances are replaced at once or when their backoff ends, surplus ones are removed, and those
 * of another spec are replaced one at a time, each only while every other slot serves.
 *
 * @param instances every instance of the application that is known, of any revision
 */
export function planApplication(
  desired: Desired,
  instances: readonly Instance[],
  networkExists: boolean,
  now: Date,
): Decision {
  return new ApplicationPlan(desired, networkExists, now).decide(instances);
}

class ApplicationPlan {
  readonly #desired: Desired;
  readonly #networkExists: boolean;
  readonly #now: Date;
  readonly #steps = new PlanBuilder();
  #networked: number[] | undefined;
  #prepared: number[] | undefined;
  #wakeAt: Date | null = null;

  constructor(desired: Desired, networkExists: boolean, now: Date) {
    this.#desired = desired;
    this.#networkExists = networkExists;
    this.#now = now;
  }

  decide(instances: readonly Instance[]): Decision {
    const { name, uid, specHash, replicas } = this.#desired;
    const { slots, surplus } = sortInstances(specHash, replicas, instances);
    for (const instance of surplus) this.#remove(instance, this.#surplusCause());
    for (const slot of slots) this.#fill(slot);
    this.#updateOne(slots);
    for (const instance of instances) {
      const ready = readyAt(instance);
      if (ready && ready > this.#now) this.#wake(ready);
    }
    return { plan: this.#steps.build(name, uid), wakeAt: this.#wakeAt };
  }

  /** Gives a slot its one instance, and clears away what it replaced. */
  #fill(slot: Slot): void {
    const { keeper, ended, old, oldEnded } = slot;
    if (keeper) {
      if (keeper.phase !== 'running' && old.length > 0) return; // an update that was cut short: see #updateOne
      this.#clear(slot, keeper.identity.name, this.#bringUp(keeper));
      return;
    }
    const [latest] = ended;
    if (latest) this.#replace(slot, latest);
    else if (old.length === 0) {
      const cause: Cause = oldEnded[0]
        ? { reason: 'InstanceDied', message: `${oldEnded[0].identity.name} ${oldEnded[0].finding}` }
        : { reason: 'InstanceMissing', message: `no instance fills index ${slot.index}` };
      const next = this.#next(slot, 0);
      this.#clear(slot, next.name, this.#create(next, cause));
    }
  }

  /** Takes a live instance the rest of its way to running; returns the last step's id, if any was needed. */
  #bringUp({ phase, identity, container, finding }: Instance): number[] {
    if (phase === 'running') return [];
    const cause: Cause = { reason: 'InstanceNotStarted', message: `${identity.name} ${finding}` };
    if (!container) return this.#create(identity, cause);
    return [this.#start(identity, cause, this.#network(cause), container.id)];
  }

  #replace(slot: Slot, latest: Instance): void {
    if (isFinal(latest, this.#desired.manifest.spec.restartPolicy)) return;
    const { dueAt, restarts } = planRestart(latest, this.#now);
    if (dueAt > this.#now) {
      this.#wake(dueAt);
      return;
    }
    const next = this.#next(slot, restarts);
    const started = this.#create(next, causeOfReplacement(latest));
    this.#clear(slot, next.name, started);
  }

  /** Removes everything of a slot but the instance that fills it. */
  #clear({ index, duplicates, ended, old, oldEnded }: Slot, filler: string, after: readonly number[]): void {
    const filled: Cause = { reason: 'Duplicate', message: `${filler} fills index ${index}` };
    for (const instance of [...duplicates, ...old]) this.#remove(instance, filled, after);
    for (const instance of [...ended, ...oldEnded]) this.#remove(instance, causeOfRemoval(instance), after);
  }

  /** Moves the lowest slot that has only an older spec to the present one, if no other slot is down. */
  #updateOne(slots: readonly Slot[]): void {
    const next = slots.find(
      ({ keeper, ended, old }) =>
        old.length > 0 && (keeper ? keeper.phase !== 'running' : ended.length === 0),
    );
    if (!next || slots.some((slot) => slot !== next && !isServing(slot, this.#now))) return;
    const cause: Cause = {
      reason: 'SpecChanged',
      message: `${next.old[0]?.identity.name} is not of revision ${this.#desired.revision}`,
    };
    const identity = next.keeper?.identity ?? this.#next(next, 0);
    const created =
      next.keeper?.phase === 'created' ? this.#network(cause) : [this.#createOnly(identity, cause)];
    const stopped = next.old.flatMap((instance) => this.#stop(instance, cause, created));
    const started = this.#start(identity, cause, [...created, ...stopped], next.keeper?.container?.id);
    for (const instance of [...next.old, ...next.oldEnded]) this.#removeOnly(instance, cause, [started]);
  }

  #create(identity: PlannedIdentity, cause: Cause): number[] {
    return [this.#start(identity, cause, [this.#createOnly(identity, cause)])];
  }

  #createOnly(identity: PlannedIdentity, cause: Cause): number {
    const container = containerOf(this.#desired, identity);
    return this.#steps.add({ kind: 'createContainer', container }, cause, this.#prepare(cause));
  }

  #start(instance: PlannedIdentity, cause: Cause, after: readonly number[], containerId?: string): number {
    const target = containerId === undefined ? {} : { containerId };
    return this.#steps.add({ kind: 'startContainer', instance, ...target }, cause, after);
  }

  /** The step that every start waits for, once a plan; none when there is a network. */
  #network(cause: Cause): number[] {
    this.#networked ??= this.#networkExists ? [] : [this.#steps.add({ kind: 'createNetwork' }, cause)];
    return this.#networked;
  }

  /** The steps that every creation waits for: the network and the image, once a plan. */
  #prepare(cause: Cause): number[] {
    const { image, imagePullPolicy: policy } = this.#desired.manifest.spec;
    this.#prepared ??= [
      ...this.#network(cause),
      this.#steps.add({ kind: 'resolveImage', image, policy }, cause),
    ];
    return this.#prepared;
  }

  #remove(instance: Instance, cause: Cause, after: readonly number[] = []): void {
    const stopped = this.#stop(instance, cause, after);
    this.#removeOnly(instance, cause, stopped.length > 0 ? stopped : after);
  }

  #stop({ identity, container }: Instance, cause: Cause, after: readonly number[]): number[] {
    if (container?.state !== 'running' && container?.state !== 'paused') return [];
    const graceSeconds = this.#desired.manifest.spec.termination.gracePeriodSeconds;
    return [
      this.#steps.add(
        { kind: 'stopContainer', instance: identity, containerId: container.id, graceSeconds },
        cause,
        after,
      ),
    ];
  }

  #removeOnly({ identity, container }: Instance, cause: Cause, after: readonly number[]): void {
    if (!container) return;
    this.#steps.add({ kind: 'removeContainer', instance: identity, containerId: container.id }, cause, after);
  }

  #next(slot: Slot, restarts: number): PlannedIdentity {
    const { name, uid, revision, specHash } = this.#desired;
    const attempts = slot.all
      .filter(({ identity }) => identity.revision === revision)
      .map(({ identity }) => identity.attempt);
    const attempt = Math.max(0, ...attempts) + 1;
    return {
      name: instanceName(name, slot.index, revision, attempt),
      app: name,
      appUid: uid,
      index: slot.index,
      revision,
      attempt,
      restarts,
      specHash,
    };
  }

  #surplusCause(): Cause {
    const { deleted, replicas } = this.#desired;
    return deleted
      ? { reason: 'Deleted', message: 'its manifest is gone' }
      : { reason: 'ScaledIn', message: `${replicas} wanted` };
  }

  #wake(at: Date): void {
    if (!this.#wakeAt || at < this.#wakeAt) this.#wakeAt = at;
  }
}

/** Whether the restart policy lets an ended instance rest. */
export function isFinal({ phase }: Instance, policy: AppSpec['restartPolicy']): boolean {
  if (phase === 'completed') return policy !== 'Always';
  return phase === 'crashed' && policy === 'Never';
}

function causeOfReplacement({ phase, identity, finding }: Instance): Cause {
  return {
    reason: phase === 'drifted' ? 'InstanceDrifted' : 'InstanceDied',
    message: `${identity.name} ${finding}`,
  };
}

function causeOfRemoval({ phase, identity, finding }: Instance): Cause {
  if (phase === 'drifted' || phase === 'crashed' || phase === 'completed')
    return { reason: 'InstanceDied', message: `${identity.name} ${finding}` };
  return { reason: 'SpecChanged', message: `${identity.name} is of another spec` };
}
