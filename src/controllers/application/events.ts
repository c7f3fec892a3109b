import type { ObservedContainer } from '../../engine/engine.ts';
import { reasonOf } from '../../error.ts';
import { printPlan, type CauseReason, type Plan } from '../../plan/plan.ts';
import type { StepResult } from '../../plan/execute.ts';
import type { Holds } from '../../plan/hold.ts';
import { holdKey } from '../../plan/hold.ts';
import type { Rollout } from '../rollout/rollout.ts';
import type { NewEvent } from '../../store/store.ts';

type Done = Extract<StepResult, { outcome: 'done' }>;
type Failed = Extract<StepResult, { outcome: 'failed' }>;

type Kind = Pick<NewEvent, 'reason' | 'eventType' | 'severity'>;

const UPDATED: Kind = { reason: 'InstanceUpdated', eventType: 'deployment', severity: 'info' };
const STARTED: Partial<Record<CauseReason, Kind>> = {
  InstanceMissing: { reason: 'InstanceStarted', eventType: 'deployment', severity: 'info' },
  InstanceNotStarted: { reason: 'InstanceStarted', eventType: 'deployment', severity: 'info' },
  InstanceDied: { reason: 'InstanceReplaced', eventType: 'health', severity: 'warning' },
  InstanceUnhealthy: { reason: 'InstanceReplaced', eventType: 'health', severity: 'warning' },
  InstanceDrifted: { reason: 'InstanceReplaced', eventType: 'health', severity: 'warning' },
  SpecChanged: UPDATED,
};

/**
 * The events that tell what an execution did: one for each instance that came or went and, of a failure, one for each
 * new error, not for each try.
 *
 * @param holds the failures known before this execution
 */
export function eventsOf(
  app: { name: string; uid: string },
  results: readonly StepResult[],
  holds: Holds,
  timestamp: Date,
): NewEvent[] {
  const base = {
    eventCategory: 'application',
    appName: app.name,
    appUid: app.uid,
    source: 'controller',
    timestamp,
  } as const;
  const told = (result: Done): NewEvent[] => {
    const { action, cause } = result.step;
    if (action.kind === 'startContainer') {
      const kind = STARTED[cause.reason];
      if (!kind) return [];
      const message = `${action.instance.name} started: ${cause.message}`;
      const details = { cause: cause.reason, index: action.instance.index };
      return [{ ...base, ...kind, containerId: result.containerId, message, details }];
    }
    if (action.kind === 'updateContainer') {
      const drifted: Kind = { reason: 'LimitsRestored', eventType: 'health', severity: 'warning' };
      const kind = cause.reason === 'InstanceDrifted' ? drifted : UPDATED;
      const details = { cause: cause.reason, ...action.resources };
      return [{ ...base, ...kind, containerId: result.containerId, message: cause.message, details }];
    }
    if (action.kind === 'removeContainer' && isDeparture(cause.reason)) {
      const message = `${action.instance.name} removed: ${cause.message}`;
      const details = { cause: cause.reason, index: action.instance.index };
      const kind = {
        reason: 'InstanceRemoved',
        eventType: cause.reason === 'ScaledIn' ? 'scaling' : 'deployment',
        severity: 'info',
      } as const;
      return [{ ...base, ...kind, containerId: result.containerId, message, details }];
    }
    return [];
  };
  const failed = ({ step, error }: Failed): NewEvent[] => {
    if (holds.get(holdKey(step.action))?.error.message === error.message) return [];
    const reason = reasonOf(error);
    const details = { action: step.action.kind, cause: step.cause.reason };
    return [
      {
        ...base,
        eventType: 'error',
        reason,
        severity: 'error',
        containerId: null,
        message: error.message,
        details,
      },
    ];
  };
  return results.flatMap((result) => {
    if (result.outcome === 'done') return told(result);
    return result.outcome === 'failed' ? failed(result) : [];
  });
}

/** Removals that are news by themselves; the others end a replacement that was told already. */
function isDeparture(reason: CauseReason): boolean {
  return reason === 'ScaledIn' || reason === 'Deleted' || reason === 'Duplicate';
}

/** Most steps of a plan that an event shows. */
const MOST_STEPS = 50;

/** What would be done, were it not only to be reported. */
export function planProposed(app: { name: string; uid: string }, plan: Plan, timestamp: Date): NewEvent {
  const steps = printPlan(plan).split('\n');
  const more = steps.length > 1 ? `, and ${steps.length - 1} more` : '';
  return {
    eventType: 'deployment',
    eventCategory: 'application',
    reason: 'PlanProposed',
    appName: app.name,
    appUid: app.uid,
    containerId: null,
    message: `mode observe: would do ${steps[0]}${more}`,
    details: { steps: steps.slice(0, MOST_STEPS), total: steps.length },
    severity: 'info',
    timestamp,
    source: 'controller',
  };
}

export function rolledBack(
  { name, uid }: { name: string; uid: string },
  rollout: Rollout,
  to: number,
  timestamp: Date,
): NewEvent {
  return {
    eventType: 'deployment',
    eventCategory: 'application',
    reason: 'RolledBack',
    appName: name,
    appUid: uid,
    containerId: null,
    message: `rolling back to revision ${to}: revision ${rollout.revision} failed, ${rollout.message}`,
    details: { from: rollout.revision, to, reason: rollout.reason },
    severity: 'error',
    timestamp,
    source: 'controller',
  };
}

/** A container of this installation whose application nobody remembers; it is left alone. */
export function containerUnknown({ id, name, identity }: ObservedContainer, timestamp: Date): NewEvent {
  return {
    eventType: 'warning',
    eventCategory: 'application',
    reason: 'ContainerUnknown',
    appName: identity.app,
    appUid: identity.appUid,
    containerId: id,
    message:
      `${name} has this installation's name, but was made for no app of this database, and is left alone: ` +
      `another AutoServe may run with the same --installation; if none does, docker rm -f ${name}`,
    details: null,
    severity: 'warning',
    timestamp,
    source: 'controller',
  };
}

/** The record that an application was deleted on purpose, by which late containers of it are known. */
export function applicationDeleted(name: string, uid: string, timestamp: Date): NewEvent {
  return {
    eventType: 'registration',
    eventCategory: 'application',
    reason: 'ApplicationDeleted',
    appName: name,
    appUid: uid,
    containerId: null,
    message: `${name} was deleted: its manifest is gone and its instances are removed`,
    details: null,
    severity: 'info',
    timestamp,
    source: 'controller',
  };
}
