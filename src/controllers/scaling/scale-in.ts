import type { Clamp, Factor, ScalingInput, ScalingMemory, ScalingReason } from './algorithm.ts';
import { counts, projectedFactor, TOLERANCE } from './factor.ts';
import { boundsOf, cooldownLeft, limit, secondsUntil } from './limits.ts';
import { outcome, type Outcome } from './outcome.ts';
import { figure, instances, listed, nameOf, NO_REQUESTS, UNKNOWN_REQUESTS } from './sentence.ts';

/**
 * Fewer instances, when every metric has been low for long enough and those that stay can carry the load; or why not.
 * What is not known keeps the count.
 */
export function planScaleIn(input: ScalingInput, factors: readonly Factor[], memory: ScalingMemory): Outcome {
  const { policy, current } = input;
  const { desired } = current;
  const telling = factors.filter(counts);
  if (telling.length === 0)
    return outcome(desired, 'NoMetrics', 'no metric has both a weight and something to measure');
  const unknown = telling.filter(({ state }) => state !== 'measured');
  if (unknown.length > 0)
    return outcome(desired, 'MissingMetrics', describeUnknown(unknown), [
      { kind: 'MissingMetrics', asked: desired - 1, allowed: desired },
    ]);
  if (memory.lowSince === null) {
    const message = `not every metric is at ${policy.scaleInThresholdPct} % of its target or less`;
    return outcome(desired, 'WithinThresholds', message);
  }

  const low = `every metric is at ${policy.scaleInThresholdPct} % of its target or less`;
  const { min } = boundsOf(policy);
  if (desired === min)
    return outcome(desired, 'AtMinReplicas', `${low}, but minReplicas is ${min}`, [
      { kind: 'MinReplicas', asked: desired - 1, allowed: desired },
    ]);
  const fewest = fewestInstances(input, telling, memory);
  if (fewest.desired === desired) return { ...fewest, message: `${low}, but ${fewest.message}` };
  const bounded = limit(fewest.desired, 'MinReplicas', Math.max(fewest.desired, min));
  const slowest = policy.maxScaleInStep === 0 ? 0 : desired - policy.maxScaleInStep;
  const stepped = limit(bounded.allowed, 'ScaleInStep', Math.max(bounded.allowed, slowest));
  const wanted = stepped.allowed;
  const clamps = [...bounded.clamps, ...stepped.clamps];
  const obstacles = obstaclesTo(wanted, input, memory);
  const [first] = obstacles;
  if (first)
    return outcome(desired, first.reason, `${low} and ${wanted} would do: ${first.message}`, [
      ...clamps,
      ...obstacles.map(({ clamp }) => clamp),
    ]);
  const seconds = policy.stabilizationWindowSeconds;
  return wanted === 0
    ? outcome(0, 'Idle', `nothing has arrived for ${seconds} s`, clamps)
    : outcome(wanted, 'LoadLow', `${low}, for ${seconds} s now, and ${wanted} will do`, clamps);
}

/**
 * The count at which removing one after the other would end, and why there: a metric is no longer low, or one fewer
 * would be near the scale-out threshold, was too slow, or would be none although requests arrive. So the policy's step
 * says how fast the count falls, never how far. The last instance waits for its own time, and holds up no other.
 */
function fewestInstances(input: ScalingInput, telling: readonly Factor[], memory: ScalingMemory): Outcome {
  const { policy, current } = input;
  const highest = (count: number): number =>
    Math.max(...telling.map((factor) => projectedFactor(factor, current.ready, count)));
  const inAt = policy.scaleInThresholdPct / 100;
  const outAt = policy.scaleOutThresholdPct / 100;
  let count = current.desired;
  for (; count > 0 && highest(count) <= inAt; count -= 1) {
    const fewer = count - 1;
    const clamp = { asked: fewer, allowed: count };
    if (fewer === 0 && memory.idleSince === null) return lastInstance(input);
    if (fewer === 0 && count < current.desired && stabilizationLeft(memory.idleSince, input) > 0)
      return outcome(count, 'StillUsed', 'it was used lately');
    if (memory.slow && fewer <= memory.slow.replicas) {
      const { replicas, arriving } = memory.slow;
      const message = `${instances(replicas)} were too slow for ${figure(arriving)} requests/s`;
      return outcome(count, 'WouldBeSlow', message, [{ kind: 'LatencyFloor', ...clamp }]);
    }
    if (fewer > 0 && highest(fewer) >= outAt * (1 - TOLERANCE)) {
      const percent = figure(highest(fewer) * 100);
      const message = `with ${fewer} one would be at ${percent} %, too near to ${policy.scaleOutThresholdPct} %`;
      return outcome(count, 'WouldOverload', message, [{ kind: 'Projection', ...clamp }]);
    }
  }
  return outcome(count, 'WithinThresholds', 'not with fewer instances');
}

function lastInstance({ window: { arriving, readings } }: ScalingInput): Outcome {
  if (readings.rps.state === 'inapplicable') return outcome(1, 'AtMinReplicas', NO_REQUESTS);
  return arriving === null
    ? outcome(1, 'MissingMetrics', UNKNOWN_REQUESTS)
    : outcome(1, 'StillUsed', 'it is still used');
}

interface Obstacle {
  reason: ScalingReason;
  message: string;
  clamp: Clamp;
}

/** What time, or a rollout, has against a lower count. To have none it takes that nothing arrived for as long. */
function obstaclesTo(wanted: number, input: ScalingInput, memory: ScalingMemory): Obstacle[] {
  const { current, rollingOut } = input;
  const stabilization = stabilizationLeft(wanted === 0 ? memory.idleSince : memory.lowSince, input);
  const cooldown = cooldownLeft(input);
  const kept = { asked: wanted, allowed: current.desired };
  const obstacles: (Obstacle & { stands: boolean })[] = [
    {
      stands: stabilization > 0,
      reason: 'Stabilizing',
      message: `in ${stabilization} s, if they stay so`,
      clamp: { kind: 'Stabilization', ...kept, secondsLeft: stabilization },
    },
    {
      stands: rollingOut,
      reason: 'RolloutInProgress',
      message: 'after the rollout',
      clamp: { kind: 'Rollout', ...kept },
    },
    {
      stands: cooldown > 0,
      reason: 'Cooldown',
      message: `in ${cooldown} s, when the cooldown is over`,
      clamp: { kind: 'Cooldown', ...kept, secondsLeft: cooldown },
    },
  ];
  return obstacles.filter(({ stands }) => stands);
}

/** Seconds for which what began then must go on; as many as the policy has when it has not begun. */
function stabilizationLeft(since: string | null, { policy, now }: ScalingInput): number {
  return secondsUntil(since ?? now.toISOString(), policy.stabilizationWindowSeconds, now);
}

const FINDINGS = [
  { state: 'missing', finding: 'not measured' },
  { state: 'partial', finding: 'not measured of every instance' },
  { state: 'stale', finding: 'not measured lately' },
] as const;

function describeUnknown(unknown: readonly Factor[]): string {
  return FINDINGS.flatMap(({ state, finding }) => {
    const names = unknown.filter((factor) => factor.state === state).map(({ metric }) => nameOf(metric));
    return names.length === 0 ? [] : [`${listed(names)} ${finding}`];
  }).join('; ');
}
