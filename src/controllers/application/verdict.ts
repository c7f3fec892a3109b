import { isDeepStrictEqual } from 'node:util';
import type { View } from '../../control/observer.ts';
import type { Member, RosterEntry } from '../../control/roster.ts';
import type { ObservedContainer, Resources } from '../../engine/engine.ts';
import { reasonOf } from '../../error.ts';
import { httpPortOf } from '../../manifest/http-port.ts';
import type { ActionKind } from '../../plan/action.ts';
import { holdBack, holdKey, operationKey, type Holds } from '../../plan/hold.ts';
import { PlanBuilder, type Plan } from '../../plan/plan.ts';
import { recoverOperations } from '../../plan/recover.ts';
import type {
  ApplicationRecord,
  ApplicationStatus,
  InstanceRecord,
  InstanceStatus,
  OperationClosure,
  RollBack,
} from '../../store/store.ts';
import { deadlineOf, type Rollout } from '../rollout/rollout.ts';
import { limitsOf } from './container.ts';
import { desiredOf, type Desired } from './desired.ts';
import { rolledBack } from './events.ts';
import { isReady, joinInstances, type Attendance, type Instance } from './instance.ts';
import { planApplication } from './plan.ts';
import { instanceStatuses, removedInstance } from './instance-status.ts';
import type { Standing } from './standing.ts';
import { applicationStatus, type Trouble } from './status.ts';

/** An engine that is ended halfway through a start may leave a container behind that can never be started. */
const START_TRIES = 3;

/** Everything that one pass decides about one name. Data: nothing has been done yet. */
export interface Verdict {
  name: string;
  plan: Plan;
  /** What would be done, were anything to be carried out; null where it is. */
  proposal: Plan | null;
  wakeAt: Date | null;
  /** The status to write; null when the stored one says so already. */
  application: ApplicationStatus | null;
  /** The instance rows that differ from the stored ones. */
  instances: InstanceStatus[];
  /** Operations of a controller that is no more, settled by what the engine shows. */
  closures: OperationClosure[];
  /** Set when the application may be deleted for good. */
  deletable: { uid: string } | null;
  /** Set when the rollout has failed and there is a revision to go back to. */
  rollBack: RollBack | null;
  /** What others go by; null when there is no such application. */
  entry: RosterEntry | null;
  /** Containers that are left alone, for nobody remembers their application. */
  orphans: readonly ObservedContainer[];
}

export interface Circumstances {
  networkExists: boolean;
  holds: Holds;
  standing: Standing;
  /** What is known of a container beyond what the engine shows. */
  attend: (
    container: ObservedContainer,
    record: InstanceRecord | null,
  ) => Pick<Attendance, 'health' | 'drainingSince'>;
  /** Ids of the containers that this very controller has stopped. */
  stopped: ReadonlySet<string>;
  /** Whether nothing is to be carried out. */
  observing: boolean;
}

/** Decides about one name from a snapshot. Pure. */
export function judge(view: View, circumstances: Circumstances, now: Date): Verdict {
  const { name, application } = view;
  const inHand = new Set(view.inHand.map(({ id }) => id));
  const closures = recoverOperations(
    view.operations.filter(({ id }) => !inHand.has(id)),
    [...view.containers, ...view.leftovers, ...view.orphans],
  );
  if (!application) {
    const leftovers = planLeftovers(view);
    const { plan, until } = holdBack(leftovers, circumstances.holds, now);
    return {
      name,
      plan: circumstances.observing ? { ...plan, steps: [] } : plan,
      proposal: circumstances.observing ? leftovers : null,
      wakeAt: until,
      application: null,
      instances: [],
      closures,
      deletable: null,
      rollBack: null,
      entry: null,
      orphans: view.orphans,
    };
  }
  const desired = desiredOf(application, view.awaited);
  const stopping = new Set(
    view.operations.flatMap(({ kind, containerId }) => (kind === 'stopContainer' ? [containerId] : [])),
  );
  const attend = (container: ObservedContainer, record: InstanceRecord | null): Attendance => ({
    ...circumstances.attend(container, record),
    limited:
      container.identity.specHash === desired.specHash && exceeds(container, limitsOf(desired.manifest)),
    refusal: refusalOf(container, circumstances.holds),
    stopping: circumstances.stopped.has(container.id) || stopping.has(container.id),
  });
  const instances = joinInstances(
    desired.uid,
    view.records,
    view.containers,
    attend,
    doingOf(view, desired.uid),
  );
  const removedByUs = new Set(
    [...view.operations, ...view.inHand].flatMap(({ kind, containerId }) =>
      kind === 'removeContainer' ? [containerId] : [],
    ),
  );
  const isRemoved = (instance: Instance): boolean =>
    instance.phase === 'lost' && removedByUs.has(instance.record?.containerId ?? null);
  const present = instances.filter((instance) => !isRemoved(instance));
  const decision = planApplication(desired, present, circumstances.networkExists, now);
  const leftovers = renumber(planLeftovers(view), decision.plan.steps.length);
  const whole = { ...decision.plan, steps: [...decision.plan.steps, ...leftovers] };
  const { plan, until } = holdBack(whole, circumstances.holds, now);
  const proposal = circumstances.observing ? whole : null;
  const status = applicationStatus(
    application,
    {
      desired,
      instances: present,
      settled: decision.settled,
      trouble: troubleOf(decision.plan, view, circumstances.holds),
      standing: circumstances.standing,
      awaited: view.awaited,
      proposal,
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
    plan: proposal ? { ...plan, steps: [] } : plan,
    proposal,
    wakeAt: [decision.wakeAt, until, deadline(desired, status.rollout)].reduce(earliest),
    application: differs(status, application) ? status : null,
    instances: rows.filter((row) => {
      const record = stored.get(row.containerName);
      return record ? differs(row, record) : row.removedAt === null;
    }),
    closures,
    deletable:
      !circumstances.observing && desired.deleted && decision.settled && view.containers.length === 0
        ? { uid: desired.uid }
        : null,
    rollBack: circumstances.observing ? null : planRollBack(application, status.rollout, now),
    entry: {
      application: { ...application, ...status },
      members: present.flatMap((instance) => memberOf(instance, desired, application, now)),
    },
    orphans: view.orphans,
  };
}

function memberOf(instance: Instance, desired: Desired, application: ApplicationRecord, now: Date): Member[] {
  const { container, identity, record } = instance;
  if (container?.state !== 'running') return [];
  const { id: containerId, ip } = container;
  const current = identity.specHash === desired.specHash;
  const declared = [desired, application].find(({ specHash }) => specHash === identity.specHash);
  // Of an instance that nobody remembers it is not known, and most often the same.
  const port = declared || !record ? httpPortOf((declared ?? desired).manifest) : record.port;
  return [
    { containerId, name: identity.name, ip, port: port ?? null, ready: isReady(instance, now), current },
  ];
}

function deadline({ manifest, paused, waits }: Desired, rollout: Rollout | null): Date | null {
  if (rollout?.outcome !== 'progressing' || paused || waits) return null;
  return deadlineOf(rollout, manifest.spec.strategy.progressDeadlineSeconds);
}

/** Back to the last stable revision from one that failed; never from one that was gone back to. */
function planRollBack(application: ApplicationRecord, rollout: Rollout | null, now: Date): RollBack | null {
  const { name, uid, target, stableRevision: to, revision: from, manifest, retries } = application;
  if (rollout?.outcome !== 'failed' || rollout.revision !== from) return null;
  if (target || to === null || !manifest.spec.strategy.autoRollback) return null;
  return { name, uid, from, to, retries, event: rolledBack({ name, uid }, rollout, to, now) };
}

/** What the engine said of a container that it does not start however often it is asked. */
function refusalOf({ identity }: ObservedContainer, holds: Holds): string | null {
  const hold = holds.get(holdKey({ kind: 'startContainer', instance: identity }));
  return hold && hold.failures >= START_TRIES ? hold.error.message : null;
}

/** Whether the container has a limit of a kind that is not wanted. */
function exceeds({ resources }: ObservedContainer, wanted: Resources): boolean {
  if (!resources) return false;
  return (
    (resources.nanoCpus > 0 && wanted.nanoCpus === 0) ||
    (resources.memoryBytes > 0 && wanted.memoryBytes === 0)
  );
}

/** What is being done to this very application at this moment, by container name. */
function doingOf({ inHand }: View, uid: string): Map<string, Set<ActionKind>> {
  const doing = new Map<string, Set<ActionKind>>();
  for (const { target, kind } of inHand.filter(({ appUid }) => appUid === uid))
    doing.set(target, (doing.get(target) ?? new Set()).add(kind));
  return doing;
}

/** Containers of an application that was deleted on purpose came to light late: they go. */
function planLeftovers({ name, leftovers, inHand }: View): Plan {
  const steps = new PlanBuilder();
  const busy = new Set(inHand.map(({ containerId }) => containerId));
  for (const { id, identity } of leftovers.filter((leftover) => !busy.has(leftover.id)))
    steps.add(
      { kind: 'removeContainer', instance: identity, containerId: id },
      { reason: 'Deleted', message: 'its application was deleted' },
    );
  return steps.build(name, leftovers[0]?.identity.appUid ?? '');
}

/** The first failure of what is still to be done, or is being tried again now. */
function troubleOf({ steps }: Plan, { inHand }: View, holds: Holds): Trouble | null {
  const keys = [...steps.map(({ action }) => holdKey(action)), ...inHand.map(operationKey)];
  const [error] = keys.flatMap((key) => holds.get(key)?.error ?? []);
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
