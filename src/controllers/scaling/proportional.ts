import type { ScalingAlgorithm, ScalingInput, ScalingMemory, Factor } from './algorithm.ts';
import { countFor, factorsOf } from './factor.ts';
import { boundsOf } from './limits.ts';
import { remember } from './memory.ts';
import { outcome, type Outcome } from './outcome.ts';
import { planScaleIn } from './scale-in.ts';
import { limitScaleOut, planScaleOut } from './scale-out.ts';
import { figure, NO_REQUESTS, UNKNOWN_REQUESTS } from './sentence.ts';

/**
 * AutoServe's own algorithm: as many instances as keep every metric under the scale-out threshold of its target.
 *
 * The core is that of Kubernetes' HorizontalPodAutoscaler (n × value / target over ready instances, rounded up; the
 * largest of all metrics; an instance without samples counts as idle for scaling out and forbids scaling in), with a
 * threshold on each side instead of one tolerance.
 *
 * It does not flap, whatever the thresholds. Under a constant load spread evenly, scaling out ends at a count where no
 * factor is over the scale-out threshold; scaling in never goes to a count where one would be within a tenth of it; and
 * a count that was too slow, which cannot be computed, is remembered. So no scaling in is ever followed by scaling out.
 */
export const proportional: ScalingAlgorithm = (input) => {
  const factors = factorsOf(input);
  const memory = remember(input, factors);
  const decided = decide(input, factors, memory);
  const change = decided.desired - input.current.desired;
  const direction = change > 0 ? 'out' : change < 0 ? 'in' : 'hold';
  return { ...decided, direction, factors, memory };
};

function decide(input: ScalingInput, factors: readonly Factor[], memory: ScalingMemory): Outcome {
  const { policy, current } = input;
  const { desired, ready } = current;
  if (policy.mode === 'manual') {
    const replicas = policy.replicas ?? policy.minReplicas;
    return outcome(replicas, 'Manual', `mode manual asks for ${replicas}`);
  }
  const { min, max } = boundsOf(policy);
  if (desired < min) return outcome(min, 'BelowMinReplicas', `minReplicas is ${min}`);
  if (desired > max) return outcome(max, 'AboveMaxReplicas', `maxReplicas is ${max}`);
  if (desired === 0) return wake(input);
  if (ready === 0) return outcome(desired, 'NoReadyInstances', 'no instance is ready: nothing to judge by');
  return planScaleOut(input, factors) ?? planScaleIn(input, factors, memory);
}

/** Nothing runs, so that only what arrives is known. Who asks is refused until an instance runs: no cooldown. */
function wake({ policy, window: { arriving, readings } }: ScalingInput): Outcome {
  if (readings.rps.state === 'inapplicable') return outcome(1, 'BelowMinReplicas', NO_REQUESTS);
  if (arriving === null) return outcome(0, 'MissingMetrics', UNKNOWN_REQUESTS);
  if (arriving === 0) return outcome(0, 'Asleep', 'no requests arrive');
  const demand = (arriving * 100) / (policy.targetRPSPerReplica * policy.scaleOutThresholdPct);
  const asked = Math.max(1, countFor(0, demand, policy.weights.rps));
  const { allowed, clamps } = limitScaleOut(policy, 0, asked);
  const message = `${figure(arriving)} requests/s arrive and no instance runs`;
  return outcome(allowed, 'RequestsArriving', message, clamps);
}
