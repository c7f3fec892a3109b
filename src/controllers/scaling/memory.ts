import type { Factor, ScalingInput, ScalingMemory } from './algorithm.ts';
import { counts, TOLERANCE } from './factor.ts';

/**
 * What is remembered after another look. The times count from evaluation to evaluation: one that finds load, or cannot
 * tell, starts them anew.
 */
export function remember(input: ScalingInput, factors: readonly Factor[]): ScalingMemory {
  const { memory, now } = input;
  return {
    lowSince: isLow(input, factors) ? (memory.lowSince ?? now.toISOString()) : null,
    idleSince: isIdle(input) ? (memory.idleSince ?? now.toISOString()) : null,
    slow: slowCount(input, factors),
  };
}

function isLow({ policy }: ScalingInput, factors: readonly Factor[]): boolean {
  const telling = factors.filter(counts);
  const threshold = policy.scaleInThresholdPct / 100;
  return (
    telling.length > 0 &&
    telling.every(({ state, factor }) => state === 'measured' && factor !== null && factor <= threshold)
  );
}

function isIdle({ window: { arriving, readings } }: ScalingInput): boolean {
  return arriving === 0 && (readings.connection.value ?? 0) === 0;
}

/**
 * How latency depends on the count cannot be computed from the outside, only learned: a count that was too slow is not
 * tried again while as much arrives as did then. This is what ends a change between two counts under a constant load.
 */
function slowCount(input: ScalingInput, factors: readonly Factor[]): ScalingMemory['slow'] {
  const { memory, revision, current, window } = input;
  const { arriving } = window;
  if (arriving === null) return memory.slow?.revision === revision ? memory.slow : null;
  const still =
    memory.slow?.revision === revision && arriving >= memory.slow.arriving * (1 - TOLERANCE)
      ? memory.slow
      : null;
  const slowNow = factors.some(({ metric, asked }) => metric === 'latency' && asked !== null);
  if (!slowNow || (still && still.replicas >= current.desired)) return still;
  return { revision, replicas: current.desired, arriving };
}
