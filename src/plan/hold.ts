import { backoffMs, type Backoff } from '../control/backoff.ts';
import { targetOf, type Action } from './action.ts';
import type { StepResult } from './execute.ts';
import type { Plan } from './plan.ts';

/** A registry is asked ever more rarely; the engine itself is local and soon asked again. */
const AFTER_FAILURE: Partial<Record<Action['kind'], Backoff>> & { default: Backoff } = {
  resolveImage: { baseMs: 1_000, capMs: 5 * 60_000 },
  default: { baseMs: 1_000, capMs: 30_000 },
};

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
  return `${action.kind} ${targetOf(action)}`;
}

/**
 * Leaves out the steps whose action failed lately, those that come after them, and what would only prepare for these,
 * so that one slot's trouble delays no other slot and nothing is done for its own sake over and over.
 *
 * @returns the steps that may be tried now, and when the next held one may; null when none is held
 */
export function holdBack(plan: Plan, holds: Holds, now: Date): { plan: Plan; until: Date | null } {
  if (holds.size === 0) return { plan, until: null };
  const held = new Set<number>();
  let until: Date | null = null;
  for (const { id, after, action } of plan.steps) {
    const hold = holds.get(holdKey(action));
    const waits = hold !== undefined && hold.until > now;
    if (waits && (!until || hold.until < until)) until = hold.until;
    if (waits || after.some((before) => held.has(before))) held.add(id);
  }
  for (const { id } of plan.steps.filter(({ action }) => isPreparation(action)).toReversed()) {
    const followers = plan.steps.filter(({ after }) => after.includes(id));
    if (followers.length > 0 && followers.every((follower) => held.has(follower.id))) held.add(id);
  }
  return { plan: { ...plan, steps: plan.steps.filter(({ id }) => !held.has(id)) }, until };
}

/** Whether an action is done for the sake of what comes after it alone. */
/** Done for the sake of what comes after it alone. */
function isPreparation({ kind }: Action): boolean {
  return kind === 'createNetwork' || kind === 'resolveImage';
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
