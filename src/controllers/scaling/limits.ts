import type { Scaling } from '../../manifest/app.gen.ts';
import type { Clamp, ClampKind, ScalingInput } from './algorithm.ts';

/** What a limit leaves of a count that was asked for; without a clamp when it leaves all of it. */
export interface Limited {
  allowed: number;
  clamps: Clamp[];
}

export function limit(asked: number, kind: ClampKind, allowed: number, secondsLeft?: number): Limited {
  if (asked === allowed) return { allowed, clamps: [] };
  return {
    allowed,
    clamps: [{ kind, asked, allowed, ...(secondsLeft === undefined ? {} : { secondsLeft }) }],
  };
}

/** The policy's bounds; a minimum above the maximum is none. */
export function boundsOf({ minReplicas, maxReplicas }: Scaling): { min: number; max: number } {
  return { min: Math.min(minReplicas, maxReplicas), max: maxReplicas };
}

/** Seconds until the count may change again. */
export function cooldownLeft({ policy, lastScaledAt, now }: ScalingInput): number {
  return lastScaledAt === null ? 0 : secondsUntil(lastScaledAt, policy.cooldownSeconds, now);
}

/** Whole seconds until so many have passed since a moment; 0 when they have. */
export function secondsUntil(since: string, seconds: number, now: Date): number {
  const left = seconds - (now.getTime() - Date.parse(since)) / 1_000;
  return Math.min(seconds, Math.max(0, Math.ceil(left)));
}
