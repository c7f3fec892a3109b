import type { Scaling } from '../../manifest/app.gen.ts';
import type { Factor, ScalingInput, ScalingMetric } from './algorithm.ts';

export const METRICS: readonly ScalingMetric[] = ['rps', 'latency', 'cpu', 'memory', 'connection'];

/** By more than this, load has risen, a projection is too near, a slow count is slow no more: as Kubernetes has it. */
export const TOLERANCE = 0.1;

/** The part of a count by which sums and quotients of the same figures may differ. */
const ROUNDING = 1e-9;
/** More than any count or factor: finite, so that JSON can hold it. */
const MOST = 2 ** 31 - 1;
const LATENCY_STEP = 0.25;

/** Each metric beside its target, and the count it asks for. */
export function factorsOf(input: ScalingInput): Factor[] {
  const { policy, current, window } = input;
  const factors = METRICS.map((metric): Factor => {
    const { state, value } = window.readings[metric];
    const target = targetOf(policy, metric);
    const factor = value === null ? null : Math.min(MOST, value / target);
    return { metric, state, value, target, weight: policy.weights[metric], factor, asked: null };
  });
  const curable = current.ready >= current.desired && (window.rising || isHigh(factors, policy));
  return factors.map((one) => ({ ...one, asked: askedBy(one, input, curable) }));
}

/** Whether the metric has a say: its weight is not 0, and there is something to measure. */
export function counts({ weight, state }: Factor): boolean {
  return weight > 0 && state !== 'inapplicable';
}

/** Whether the value is one of now, if only a lower bound. */
export function isFresh({ state }: Factor): boolean {
  return state === 'measured' || state === 'partial';
}

/** The factor with another number of instances, if all of the load is spread evenly over them. */
export function projectedFactor({ factor }: Factor, ready: number, replicas: number): number {
  return ((factor ?? 0) * ready) / Math.min(ready, replicas);
}

function askedBy(one: Factor, { policy, current }: ScalingInput, curable: boolean): number | null {
  const { metric, factor, weight } = one;
  const threshold = policy.scaleOutThresholdPct / 100;
  if (!counts(one) || !isFresh(one) || factor === null || factor < threshold) return null;
  if (metric === 'latency') return curable ? current.desired + latencyStep(current.desired) : null;
  const asked = countFor(current.desired, (factor * current.ready) / threshold, weight);
  return asked > current.desired ? asked : null;
}

/**
 * `replicas` and the weighted rest to `demand`, the count at which the factor is the scale-out threshold:
 * ceil(n × factor / threshold) with weight 1.
 */
export function countFor(replicas: number, demand: number, weight: number): number {
  const count = replicas + weight * (demand - replicas);
  return Math.min(MOST, Math.ceil(count * (1 - ROUNDING)));
}

function latencyStep(replicas: number): number {
  return Math.max(1, Math.ceil(replicas * LATENCY_STEP));
}

/** Whether what instances are given to do is nearer to the scale-out threshold than to the scale-in threshold. */
function isHigh(factors: readonly Factor[], policy: Scaling): boolean {
  const middle = (policy.scaleOutThresholdPct + policy.scaleInThresholdPct) / 200;
  return factors.some(
    (one) =>
      (one.metric === 'rps' || one.metric === 'cpu' || one.metric === 'connection') &&
      counts(one) &&
      isFresh(one) &&
      (one.factor ?? 0) >= middle,
  );
}

function targetOf(policy: Scaling, metric: ScalingMetric): number {
  switch (metric) {
    case 'rps':
      return policy.targetRPSPerReplica;
    case 'latency':
      return policy.maxP95LatencyMs;
    case 'cpu':
      return policy.maxCPUPercent;
    case 'memory':
      return policy.maxMemoryPercent;
    case 'connection':
      return policy.maxConnPerReplica;
  }
}
