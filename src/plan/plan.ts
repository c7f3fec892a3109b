import { targetOf, type Action } from './action.ts';

/** Why an action is taken: a CamelCase reason for machines and a clause for people. */
export interface Cause {
  reason: CauseReason;
  message: string;
}

export type CauseReason =
  | 'InstanceMissing'
  | 'InstanceDied'
  | 'InstanceDrifted'
  | 'InstanceUnhealthy'
  | 'InstanceNotStarted'
  | 'SpecChanged'
  | 'ScaledIn'
  | 'Duplicate'
  | 'Completed'
  | 'Deleted';

export interface Step {
  /** Position in the plan. */
  id: number;
  /** Steps that must have succeeded first; all have a smaller id. */
  after: readonly number[];
  action: Action;
  cause: Cause;
}

/** What to do for one application now, as printable data. An empty plan means that nothing differs. */
export interface Plan {
  app: string;
  appUid: string;
  steps: readonly Step[];
}

/** Builds a plan step by step; `add` returns the new step's id for use in `after`. */
export class PlanBuilder {
  readonly #steps: Step[] = [];

  add(action: Action, cause: Cause, after: readonly number[] = []): number {
    const id = this.#steps.length;
    this.#steps.push({ id, after, action, cause });
    return id;
  }

  build(app: string, appUid: string): Plan {
    return { app, appUid, steps: this.#steps };
  }
}

/** One line a step: `2 startContainer web-0-r1-1 after 1  (InstanceMissing: no instance fills index 0)`. */
export function printPlan(plan: Plan): string {
  return plan.steps
    .map(({ id, after, action, cause }) => {
      const order = after.length > 0 ? ` after ${after.join(', ')}` : '';
      return `${id} ${action.kind} ${targetOf(action)}${order}  (${cause.reason}: ${cause.message})`;
    })
    .join('\n');
}
