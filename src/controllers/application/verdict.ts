import { isDeepStrictEqual } from 'node:util';
import type { View } from '../../control/observer.ts';
import type { ObservedContainer } from '../../engine/engine.ts';
import { reasonOf } from '../../error.ts';
import { holdBack, holdKey, type Holds } from '../../plan/hold.ts';
import { PlanBuilder, type Plan } from '../../plan/plan.ts';
import { recoverOperations } from '../../plan/recover.ts';
import type { ApplicationStatus, InstanceStatus, OperationClosure } from '../../store/store.ts';
import { desiredOf } from './desired.ts';
import { joinInstances, type Instance } from './instance.ts';
import { planApplication } from './plan.ts';
import { instanceStatuses, removedInstance } from './instance-status.ts';
import { applicationStatus, type Trouble } from './status.ts';

/** An engine that is ended halfway through a start may leave a container behind that can never be started. */
const START_TRIES = 3;

/** Everything that one pass decides about one name. Data: nothing has been done yet. */
export interface Verdict {
  name: string;
  plan: Plan;
  wakeAt: Date | null;
  /** The status to write; null when the stored one says so already. */
  application: ApplicationStatus | null;
  /** The instance rows that differ from the stored ones. */
  instances: InstanceStatus[];
  /** Operations of a controller that is no more, settled by what the engine shows. */
  closures: OperationClosure[];
  /** Set when the application may be deleted for good. */
  deletable: { uid: string } | null;
}

export interface Circumstances {
  networkExists: boolean;
  holds: Holds;
  pruneHeld: boolean;
  /** Operations of this very controller that are still in hand. */
  inHand: ReadonlySet<string>;
}

/** Decides about one name from a snapshot. Pure. */
export function judge(view: View, circumstances: Circumstances, now: Date): Verdict {
  const { name, application } = view;
  const closures = recoverOperations(
    view.operations.filter(({ id }) => !circumstances.inHand.has(id)),
    [...view.containers, ...view.leftovers, ...view.orphans],
  );
  if (!application) {
    const { plan, until } = holdBack(planLeftovers(view), circumstances.holds, now);
    return { name, plan, wakeAt: until, application: null, instances: [], closures, deletable: null };
  }
  const desired = desiredOf(application);
  const unstartable = unstartableOf(view.containers, circumstances.holds);
  const instances = joinInstances(desired.uid, view.records, view.containers, unstartable);
  const removedByUs = new Set(
    view.operations.flatMap(({ kind, containerId }) => (kind === 'removeContainer' ? [containerId] : [])),
  );
  const isRemoved = (instance: Instance): boolean =>
    instance.phase === 'lost' && removedByUs.has(instance.record?.containerId ?? null);
  const present = instances.filter((instance) => !isRemoved(instance));
  const decision = planApplication(desired, present, circumstances.networkExists, now);
  const leftovers = renumber(planLeftovers(view), decision.plan.steps.length);
  const whole = { ...decision.plan, steps: [...decision.plan.steps, ...leftovers] };
  const { plan, until } = holdBack(whole, circumstances.holds, now);
  const settled = decision.plan.steps.length === 0;
  const status = applicationStatus(
    application,
    {
      desired,
      instances: present,
      settled,
      trouble: troubleOf(decision.plan, circumstances.holds),
      pruneHeld: circumstances.pruneHeld,
    },
    now,
  );
  const rows = [
    ...instances.filter(isRemoved).flatMap(({ record }) => (record ? [removedInstance(record, now)] : [])),
    ...instanceStatuses(desired, present, now),
  ];
  const stored = new Map(view.records.map((record) => [record.containerName, record]));
  return {
    name,
    plan,
    wakeAt: earliest(decision.wakeAt, until),
    application: differs(status, application) ? status : null,
    instances: rows.filter((row) => {
      const record = stored.get(row.containerName);
      return record ? differs(row, record) : row.removedAt === null;
    }),
    closures,
    deletable: desired.deleted && settled && view.containers.length === 0 ? { uid: desired.uid } : null,
  };
}

/** What the engine said, by instance, of the containers that it does not start however often it is asked. */
function unstartableOf(containers: readonly ObservedContainer[], holds: Holds): Map<string, string> {
  const unstartable = new Map<string, string>();
  for (const { identity } of containers) {
    const hold = holds.get(holdKey({ kind: 'startContainer', instance: identity }));
    if (hold && hold.failures >= START_TRIES) unstartable.set(identity.name, hold.error.message);
  }
  return unstartable;
}

/** Containers of an application that was deleted on purpose came to light late: they go. */
function planLeftovers({ name, leftovers }: View): Plan {
  const steps = new PlanBuilder();
  for (const { id, identity } of leftovers)
    steps.add(
      { kind: 'removeContainer', instance: identity, containerId: id },
      { reason: 'Deleted', message: 'its application was deleted' },
    );
  return steps.build(name, leftovers[0]?.identity.appUid ?? '');
}

/** The first failure of what is still to be done. */
function troubleOf({ steps }: Plan, holds: Holds): Trouble | null {
  const [error] = steps.flatMap(({ action }) => holds.get(holdKey(action))?.error ?? []);
  return error ? { reason: reasonOf(error), message: error.message } : null;
}

function renumber({ steps }: Plan, offset: number): Plan['steps'] {
  return steps.map((step) => ({ ...step, id: step.id + offset }));
}

function earliest(a: Date | null, b: Date | null): Date | null {
  if (a && b) return a < b ? a : b;
  return a ?? b;
}

/** Whether a field of `wanted` is not so in `stored`. */
function differs<T extends object>(wanted: T, stored: T): boolean {
  return (Object.keys(wanted) as (keyof T)[]).some((key) => !isDeepStrictEqual(wanted[key], stored[key]));
}
