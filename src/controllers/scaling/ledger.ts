import { isDeepStrictEqual } from 'node:util';
import type { Scaling } from '../../manifest/app.gen.ts';
import type { Clamp, Factor, ScalingDecision, ScalingInput, ScalingMemory } from './algorithm.ts';
import { NO_MEMORY } from './algorithm.ts';

/** A row of `scaling_decisions`: one evaluation with all that it went by. */
export interface LedgerEntry {
  appName: string;
  appUid: string;
  evaluatedAt: Date;
  currentReplicas: number;
  desiredReplicas: number;
  decision: LedgerWord;
  reason: string;
  message: string;
  inputs: LedgerInputs;
  /** The kinds of the clamps; what each did is in `inputs`. */
  clamps: string[];
}

export type LedgerWord = 'scale_out' | 'scale_in' | 'hold';

/** The evaluation's input as it was, so that it can be decided again, and what the algorithm made of it. */
export interface LedgerInputs extends Omit<ScalingInput, 'now'> {
  factors: Factor[];
  clampDetails: Clamp[];
  /** What the algorithm remembered afterwards; `memory` is from before. */
  remembered: ScalingMemory;
}

const words: Record<ScalingDecision['direction'], LedgerWord> = {
  out: 'scale_out',
  in: 'scale_in',
  hold: 'hold',
};

/** One of these a minute shows what an application that stays as it is goes by. */
const HOLD_INTERVAL_MS = 60_000;

/** An evaluation that was recorded. */
export interface Recorded {
  at: Date;
  desired: number;
  reason: string;
  policy: Scaling;
}

export function recordedOf({ evaluatedAt, desiredReplicas, reason, inputs }: LedgerEntry): Recorded {
  return { at: evaluatedAt, desired: desiredReplicas, reason, policy: inputs.policy };
}

/**
 * Whether an evaluation goes to the ledger: any that changes the count, or holds another count, for another reason or by
 * another policy than the one that was recorded last, and of the others one a minute.
 */
export function isRecorded(
  { direction, desired, reason }: ScalingDecision,
  policy: Scaling,
  last: Recorded | null,
  now: Date,
): boolean {
  if (direction !== 'hold' || last?.reason !== reason || last.desired !== desired) return true;
  if (!isDeepStrictEqual(policy, last.policy)) return true;
  return now.getTime() - last.at.getTime() >= HOLD_INTERVAL_MS;
}

export function ledgerEntry(
  app: { name: string; uid: string },
  input: ScalingInput,
  decision: ScalingDecision,
): LedgerEntry {
  const { now, ...recorded } = input;
  return {
    appName: app.name,
    appUid: app.uid,
    evaluatedAt: now,
    currentReplicas: input.current.desired,
    desiredReplicas: decision.desired,
    decision: words[decision.direction],
    reason: decision.reason,
    message: decision.message,
    inputs: {
      ...recorded,
      factors: decision.factors,
      clampDetails: decision.clamps,
      remembered: decision.memory,
    },
    clamps: decision.clamps.map(({ kind }) => kind),
  };
}

/** The input of a recorded evaluation: the same algorithm decides the same again. */
export function recordedInput({ inputs, evaluatedAt }: LedgerEntry): ScalingInput {
  const { policy, revision, current, rollingOut, lastScaledAt, window, memory } = inputs;
  return { policy, revision, current, rollingOut, lastScaledAt, window, memory, now: evaluatedAt };
}

/** The decision of a recorded evaluation. */
export function recordedDecision(entry: LedgerEntry): ScalingDecision {
  const { decision, desiredReplicas, reason, message, inputs } = entry;
  return {
    desired: desiredReplicas,
    direction: decision === 'scale_out' ? 'out' : decision === 'scale_in' ? 'in' : 'hold',
    reason: reason as ScalingDecision['reason'],
    message,
    factors: inputs.factors,
    clamps: inputs.clampDetails,
    memory: inputs.remembered,
  };
}

/** What is still known after a restart. How long it has been quiet is not, for nobody watched meanwhile. */
export function memoryAfterRestart(last: LedgerEntry | undefined): ScalingMemory {
  return { ...NO_MEMORY, slow: last?.inputs.remembered.slow ?? null };
}
