import type PQueue from 'p-queue';
import type { Engine } from '../engine/engine.ts';
import type { Capsule } from '../store/failure.ts';
import type { OperationClosure } from '../store/store.ts';
import type { Action } from './action.ts';
import { recordFailure } from './capsule.ts';
import type { Plan, Step } from './plan.ts';

export type StepResult =
  | { step: Step; outcome: 'done'; containerId: string | null }
  | { step: Step; outcome: 'failed'; error: Error }
  /** Not tried, or broken off: a step before it did not succeed, or the execution was called off. */
  | { step: Step; outcome: 'skipped' };

export interface Execution {
  engine: Engine;
  /** Bounds the engine's short calls of all executions together. */
  calls: PQueue;
  /** Bounds the calls that mostly wait: pulling an image, stopping with grace. */
  waits: PQueue;
  /** Calls off the steps that have not begun; those in hand are finished. */
  signal: AbortSignal;
  /** The journal's id of each step, by step id; the intents are in the journal already. */
  operationIds: ReadonlyMap<number, string>;
  /** Makes an image present. */
  pull: (action: Extract<Action, { kind: 'resolveImage' }>, signal: AbortSignal) => Promise<void>;
  /** Takes an instance out of service, or back into it. */
  drain: (containerId: string, draining: boolean) => Promise<void>;
  /** Asks an instance to end, and ends it when its grace is over; nothing new reaches it by then. */
  stop: (containerId: string, graceSeconds: number) => Promise<void>;
  /** Keeps what is known of a failure. */
  keepCapsule: (capsule: Capsule) => Promise<void>;
  /** Called as soon as a step has ended, with what the journal is to say of it. */
  onEnded: (result: StepResult, closure: OperationClosure) => void;
}

/** Those in which the engine, or nginx, has little to do and takes its time. */
const WAITING: ReadonlySet<Action['kind']> = new Set(['resolveImage', 'stopContainer', 'drainInstance']);

/**
 * Carries out a plan: every step once the steps it comes after have succeeded, as many at a time as `calls` allows.
 * It decides nothing and never throws; a step that fails holds back only the steps that come after it.
 */
export async function execute(plan: Plan, execution: Execution): Promise<StepResult[]> {
  const created = new Map<string, string>();
  const results = new Map<number, Promise<StepResult>>();
  for (const step of plan.steps) {
    const before = step.after.flatMap((id) => results.get(id) ?? []);
    results.set(step.id, carryOut(step, before, created, execution));
  }
  return await Promise.all(results.values());
}

async function carryOut(
  step: Step,
  before: readonly Promise<StepResult>[],
  created: Map<string, string>,
  execution: Execution,
): Promise<StepResult> {
  const { calls, waits, signal, operationIds, onEnded } = execution;
  const id = operationIds.get(step.id) ?? '';
  const end = (result: StepResult, closure: Omit<OperationClosure, 'id'>): StepResult => {
    onEnded(result, { id, ...closure });
    return result;
  };
  const skip = (): StepResult =>
    end({ step, outcome: 'skipped' }, { outcome: 'skipped', containerId: null, error: null });
  for (const result of await Promise.all(before)) if (result.outcome !== 'done') return skip();
  const { kind } = step.action;
  const queue = WAITING.has(kind) ? waits : calls;
  return await queue.add(
    async (): Promise<StepResult> => {
      if (signal.aborted) return skip();
      try {
        const containerId = await perform(step.action, id, created, execution);
        return end({ step, outcome: 'done', containerId }, { outcome: 'done', containerId, error: null });
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const closure = { containerId: null, error: error.message };
        if (signal.aborted) return end({ step, outcome: 'skipped' }, { outcome: 'interrupted', ...closure });
        return end({ step, outcome: 'failed', error }, { outcome: 'failed', ...closure });
      }
    },
    // Finish what is begun before beginning more: the first instances serve while the last are still to be created.
    { priority: -step.id },
  );
}

/** The engine call of an action; returns the id of the container it was about. */
async function perform(
  action: Action,
  operationId: string,
  created: Map<string, string>,
  { engine, signal, pull, drain, stop, keepCapsule }: Execution,
): Promise<string | null> {
  switch (action.kind) {
    case 'createNetwork':
      await engine.createNetwork();
      return null;
    case 'resolveImage':
      await pull(action, signal);
      return null;
    case 'createContainer': {
      const { container } = action;
      const id = await engine.createContainer({
        ...container,
        identity: { ...container.identity, operationId },
      });
      created.set(container.identity.name, id);
      return id;
    }
    case 'startContainer': {
      const id = action.containerId ?? created.get(action.instance.name);
      if (id === undefined) throw new Error(`the plan starts ${action.instance.name} but does not create it`);
      await engine.startContainer(id);
      return id;
    }
    case 'drainInstance':
    case 'undrainInstance':
      await drain(action.containerId, action.kind === 'drainInstance');
      return action.containerId;
    case 'updateContainer':
      await engine.updateContainer(action.containerId, action.resources);
      return action.containerId;
    case 'stopContainer':
      await stop(action.containerId, action.graceSeconds);
      return action.containerId;
    case 'recordFailure':
      await recordFailure(action, engine, keepCapsule);
      return action.containerId;
    case 'removeContainer':
      await engine.removeContainer(action.containerId);
      return action.containerId;
  }
}
