import { isDeepStrictEqual } from 'node:util';
import { instanceName } from '../../engine/engine.ts';
import type { PlannedIdentity } from '../../plan/action.ts';
import { PlanBuilder, type Cause, type Plan } from '../../plan/plan.ts';
import { containerOf, limitsOf } from './container.ts';
import type { Desired } from './desired.ts';
import { failureOf } from './failure.ts';
import { hasProcess, isBusy, type Instance } from './instance.ts';
import type { Slot } from './slots.ts';

/** Turns what the planner decides about instances into steps, in their order. */
export class PlanSteps {
  /** How many more processes there may be beside those that run and those that this plan starts. */
  room: number;
  /** How many this plan starts. */
  starts = 0;
  /** Whether something waits for its time, so that nothing is settled although there may be no step. */
  waiting = false;
  wakeAt: Date | null = null;
  readonly #desired: Desired;
  readonly #networkExists: boolean;
  readonly #now: Date;
  readonly #steps = new PlanBuilder();
  #networked: number[] | undefined;
  #prepared: number[] | undefined;

  constructor(desired: Desired, networkExists: boolean, room: number, now: Date) {
    this.room = room;
    this.#desired = desired;
    this.#networkExists = networkExists;
    this.#now = now;
  }

  build(): Plan {
    return this.#steps.build(this.#desired.name, this.#desired.uid);
  }

  wake(at: Date): void {
    if (!this.wakeAt || at < this.wakeAt) this.wakeAt = at;
  }

  /** The next container of a slot, for the present revision. */
  next(slot: Slot, restarts: number): PlannedIdentity {
    const { name, uid, revision, specHash } = this.#desired;
    const attempts = slot.all
      .filter(({ identity }) => identity.revision === revision)
      .map(({ identity }) => identity.attempt);
    const attempt = Math.max(0, ...attempts) + 1;
    const container = instanceName(name, slot.index, revision, attempt);
    return {
      name: container,
      app: name,
      appUid: uid,
      index: slot.index,
      revision,
      attempt,
      restarts,
      specHash,
    };
  }

  /** The step that every start waits for, once a plan; none when there is a network. */
  network(cause: Cause): number[] {
    this.#networked ??= this.#networkExists ? [] : [this.#steps.add({ kind: 'createNetwork' }, cause)];
    return this.#networked;
  }

  /** The steps that creations, and removals for their sake, wait for: the network and the image, once a plan. */
  prepare(cause: Cause): number[] {
    const { image, imagePullPolicy: policy } = this.#desired.manifest.spec;
    this.#prepared ??= [
      ...this.network(cause),
      this.#steps.add({ kind: 'resolveImage', image, policy, revision: this.#desired.revision }, cause),
    ];
    return this.#prepared;
  }

  create(identity: PlannedIdentity, cause: Cause): number {
    const container = containerOf(this.#desired, identity);
    return this.#steps.add({ kind: 'createContainer', container }, cause, this.prepare(cause));
  }

  start(instance: PlannedIdentity, cause: Cause, after: readonly number[], containerId?: string): number {
    this.room -= 1;
    this.starts += 1;
    const target = containerId === undefined ? {} : { containerId };
    return this.#steps.add({ kind: 'startContainer', instance, ...target }, cause, after);
  }

  /** Gives a running instance the limits that it is to have, where they are others. */
  limit({ identity, container }: Instance): void {
    const resources = limitsOf(this.#desired.manifest);
    if (!container?.resources || isDeepStrictEqual(container.resources, resources)) return;
    const cause: Cause = this.#desired.changed
      ? { reason: 'SpecChanged', message: `${identity.name} gets its new limits` }
      : {
          reason: 'InstanceDrifted',
          message: `${identity.name} was updated to other limits, not by AutoServe`,
        };
    this.#steps.add(
      { kind: 'updateContainer', instance: identity, containerId: container.id, resources },
      cause,
    );
  }

  /** Takes an instance that was on its way out back into service. */
  undrain({ identity, container, drainingSince }: Instance): void {
    if (!container || !drainingSince) return;
    const cause: Cause = { reason: 'InstanceMissing', message: `${identity.name} is wanted again` };
    this.room -= 1;
    this.#steps.add({ kind: 'undrainInstance', instance: identity, containerId: container.id }, cause);
  }

  /**
   * Removes a serving instance in the order that loses no request: out of service, a while for what is in flight,
   * SIGTERM, grace, removal. Only what could be reached has to be drained.
   */
  depart(instance: Instance, cause: Cause, after: () => readonly number[] = () => []): void {
    const { phase, identity, container, drainingSince } = instance;
    if (isBusy(instance)) return;
    const { ports, termination } = this.#desired.manifest.spec;
    let before = after;
    if (phase === 'running' && container && ports.length > 0) {
      const until = new Date((drainingSince ?? this.#now).getTime() + termination.drainSeconds * 1_000);
      const action = { kind: 'drainInstance', instance: identity, containerId: container.id } as const;
      if (!drainingSince) {
        const drained = this.#steps.add(action, cause, after());
        before = () => [drained];
      }
      if (until > this.#now) {
        this.waiting = true;
        this.wake(until);
        return;
      }
    }
    this.remove(instance, cause, before());
  }

  /** Stops, where there is a process, and removes. */
  remove(instance: Instance, cause: Cause, after: readonly number[] = []): void {
    const stopped = this.stop(instance, cause, after);
    this.removeOnly(instance, cause, stopped.length > 0 ? stopped : after);
  }

  stop(instance: Instance, cause: Cause, after: readonly number[]): number[] {
    const { identity, container } = instance;
    if (!container || !hasProcess(instance)) return [];
    const graceSeconds = this.#desired.manifest.spec.termination.gracePeriodSeconds;
    const action = {
      kind: 'stopContainer',
      instance: identity,
      containerId: container.id,
      graceSeconds,
    } as const;
    return [this.#steps.add(action, cause, after)];
  }

  /** Removes what has no process any more; of a failed one, what is to be known of it is kept before. */
  removeOnly(instance: Instance, cause: Cause, after: readonly number[]): void {
    const { identity, container } = instance;
    if (!container) return;
    const target = { instance: identity, containerId: container.id };
    const failure = failureOf(instance, this.#desired, this.#now);
    const recorded = failure
      ? [this.#steps.add({ kind: 'recordFailure', ...target, failure }, cause, after)]
      : after;
    this.#steps.add({ kind: 'removeContainer', ...target }, cause, recorded);
  }
}
