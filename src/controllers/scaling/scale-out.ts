import type { Scaling } from '../../manifest/app.gen.ts';
import type { Factor, ScalingInput } from './algorithm.ts';
import { counts, isFresh } from './factor.ts';
import { boundsOf, cooldownLeft, limit, type Limited } from './limits.ts';
import { outcome, type Outcome } from './outcome.ts';
import { comparison, reasonOf } from './sentence.ts';

/** More instances, or why not although a metric is over the scale-out threshold; null when none is. */
export function planScaleOut(input: ScalingInput, factors: readonly Factor[]): Outcome | null {
  const { policy, current } = input;
  const { desired } = current;
  const strongest = factors.reduce<Factor | null>(
    (most, one) => ((one.asked ?? 0) > (most?.asked ?? desired) ? one : most),
    null,
  );
  if (!strongest?.asked) return explainNotOut(input, factors);
  const { asked } = strongest;
  const wish = `${comparison(strongest)} and asks for ${asked}`;
  const limited = limitScaleOut(policy, desired, asked);
  if (limited.allowed === desired)
    return outcome(desired, 'AtMaxReplicas', `${wish}, but maxReplicas is ${desired}`, limited.clamps);
  const secondsLeft = cooldownLeft(input);
  if (secondsLeft === 0) return outcome(limited.allowed, reasonOf(strongest), wish, limited.clamps);
  return outcome(desired, 'Cooldown', `${wish}; in ${secondsLeft} s, when the cooldown is over`, [
    ...limited.clamps,
    ...limit(limited.allowed, 'Cooldown', desired, secondsLeft).clamps,
  ]);
}

/** What the policy's step and maximum leave of a higher count. */
export function limitScaleOut(policy: Scaling, desired: number, asked: number): Limited {
  const step = policy.maxScaleOutStep;
  const stepped = limit(asked, 'ScaleOutStep', step === 0 ? asked : Math.min(asked, desired + step));
  const { max } = boundsOf(policy);
  const bounded = limit(stepped.allowed, 'MaxReplicas', Math.min(stepped.allowed, max));
  return { allowed: bounded.allowed, clamps: [...stepped.clamps, ...bounded.clamps] };
}

/** A metric over the threshold that asks for nothing: instances are on their way, or more would not help. */
function explainNotOut({ policy, current }: ScalingInput, factors: readonly Factor[]): Outcome | null {
  const { desired, ready } = current;
  const threshold = policy.scaleOutThresholdPct / 100;
  const high = factors.find((one) => counts(one) && isFresh(one) && (one.factor ?? 0) >= threshold);
  if (!high) return null;
  if (ready < desired)
    return outcome(
      desired,
      'InstancesStarting',
      `${comparison(high)}, but only ${ready} of ${desired} are ready yet`,
    );
  if (high.metric === 'latency')
    return outcome(
      desired,
      'LoadNotHigh',
      `${comparison(high)}, but load is neither high nor rising: more instances would not cure it`,
    );
  return outcome(desired, 'WithinThresholds', `${comparison(high)}, which ${desired} can just carry`);
}
