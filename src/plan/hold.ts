import { backoffMs, type Backoff } from '../control/backoff.ts';
import { targetOf, type Action } from './action.ts';
import type { StepResult } from './execute.ts';
import type { Plan, Step } from './plan.ts';

/** A registry is asked ever more rarely; the engine itself is local and soon asked again. */
const AFTER_FAILURE: Partial<Record<Action['kind'], Backoff>> & { default: Backoff } = {
  resolveImage: { baseMs: 1_000, capMs: 5 * 60_000 },
  default: { baseMs: 1_000, capMs: 30_000 },
};

/** So often is a failure to be recorded; then what comes after it is done all the same. */
const RECORD_TRIES = 3;

/** The failures of one action in a row. */
export interface Hold {
  failures: number;
  /** The action is not tried again before this time. */
  until: Date;
  error: Error;
}

/** By `holdKey`. */
export type Holds = ReadonlyMap<string, Hold>;

export function holdKey(action: Action): string {
  return operationKey({ kind: action.kind, target: targetOf(action) });
}

/** As `holdKey`, of an action in the journal. */
export function operationKey({ kind, target }: { kind: Action['kind']; target: string }): string {
  return `${kind} ${target}`;
}

/**
 * Leaves out the steps whose action failed lately, those that come after them, and what would only prepare for these,
 * so that one slot's trouble delays no other slot and nothing is done for its own sake over and over.
 *
 * @returns the steps that may be tried now, and when the next held one may; null when none is held
 */
export function holdBack(plan: Plan, holds: Holds, now: Date): { plan: Plan; until: Date | null } {
  if (holds.size === 0) return { plan, until: null };
  const steps = withoutAbandoned(plan.steps, holds);
  const held = new Set<number>();
  let until: Date | null = null;
  for (const { id, after, action } of steps) {
    const hold = holds.get(holdKey(action));
    const waits = hold !== undefined && hold.until > now;
    if (waits && (!until || hold.until < until)) until = hold.until;
    if (waits || after.some((before) => held.has(before))) held.add(id);
  }
  for (const { id } of steps.filter(({ action }) => isPreparation(action)).toReversed()) {
    const followers = steps.filter(({ after }) => after.includes(id));
    if (followers.length > 0 && followers.every((follower) => held.has(follower.id))) held.add(id);
  }
  return { plan: { ...plan, steps: steps.filter(({ id }) => !held.has(id)) }, until };
}

/** The steps but those that are given up; what comes after one of these comes after what it came after. */
function withoutAbandoned(steps: readonly Step[], holds: Holds): Step[] {
  const abandoned = new Map<number, readonly number[]>();
  return steps.flatMap((step) => {
    const after = step.after.flatMap((id) => abandoned.get(id) ?? id);
    const failures = holds.get(holdKey(step.action))?.failures ?? 0;
    if (step.action.kind !== 'recordFailure' || failures < RECORD_TRIES) return [{ ...step, after }];
    abandoned.set(step.id, after);
    return [];
  });
}

/** Whether an action is done for the sake of what comes after it alone. */
function isPreparation({ kind }: Action): boolean {
  return kind === 'createNetwork' || kind === 'resolveImage' || kind === 'recordFailure';
}

/** The holds after an execution: a failure makes or lengthens one, a success ends it. */
export function nextHolds(
  holds: Holds,
  results: readonly StepResult[],
  now: Date,
  random: () => number,
): Map<string, Hold> {
  const next = new Map(holds);
  for (const result of results) {
    const key = holdKey(result.step.action);
    if (result.outcome === 'done') next.delete(key);
    if (result.outcome === 'failed') {
      const failures = (holds.get(key)?.failures ?? 0) + 1;
      const backoff = AFTER_FAILURE[result.step.action.kind] ?? AFTER_FAILURE.default;
      const until = new Date(now.getTime() + backoffMs(failures, backoff, random()));
      next.set(key, { failures, until, error: result.error });
    }
  }
  return next;
}
