import type { Clamp, ScalingDecision, ScalingReason } from './algorithm.ts';

/** What is decided, before it is put beside the present count. */
export type Outcome = Pick<ScalingDecision, 'desired' | 'reason' | 'message' | 'clamps'>;

export function outcome(
  desired: number,
  reason: ScalingReason,
  message: string,
  clamps: Clamp[] = [],
): Outcome {
  return { desired, reason, message, clamps };
}
