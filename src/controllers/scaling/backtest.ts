import type { Scaling } from '../../manifest/app.gen.ts';
import { MEASURED_LABEL, READY_LABEL } from '../../metrics/aggregate.ts';
import type { ScalingAlgorithm, ScalingInput, ScalingReason } from './algorithm.ts';
import { NO_MEMORY } from './algorithm.ts';
import { STALE_SECONDS, windowOf, type AppSample } from './window.ts';

/** Records further apart than this were not taken one after the other: between them nothing is known. */
const LONGEST_STEP_SECONDS = 300;

/** What was recorded of an application as a whole at one moment; null for what was not. */
export interface RecordedLoad {
  at: Date;
  /** Requests a second, of all instances together. */
  rps: number | null;
  /** Sum over the instances, percent of a limit. */
  cpu: number | null;
  /** Open connections, of all instances together. */
  connections: number | null;
  /** Mean of the instances, percent of a limit. */
  memory: number | null;
  latencyP95Ms: number | null;
}

/** How a policy would have scaled. */
export interface Backtest {
  /** The count from the first moment on, and each change of it. */
  timeline: { at: string; replicas: number }[];
  decisions: { at: string; from: number; to: number; reason: ScalingReason; message: string }[];
  replicas: { least: number; most: number; hours: number };
  /** How long at least one metric was above its target in this policy. */
  secondsOverTarget: number;
  /** How long something was recorded. */
  seconds: number;
}

/**
 * Replays recorded load through a policy. Pure and deterministic.
 *
 * The model: requests, connections and CPU are totals that do not depend on the count and are spread evenly over the
 * simulated instances, which are ready at once. Memory per instance and latency stay as recorded, whatever the count:
 * that more instances would have been faster, or fewer slower, is not foreseen. Time in which nothing was recorded does
 * not count. No rollouts.
 *
 * @param loads in the order of time
 */
export function backtest(
  algorithm: ScalingAlgorithm,
  policy: Scaling,
  loads: readonly RecordedLoad[],
  replicas: number,
): Backtest {
  const first = loads[0];
  const result: Backtest = {
    timeline: first ? [{ at: first.at.toISOString(), replicas }] : [],
    decisions: [],
    replicas: { least: replicas, most: replicas, hours: 0 },
    secondsOverTarget: 0,
    seconds: 0,
  };
  const windowMs = Math.max(policy.windowSeconds, STALE_SECONDS) * 1_000;
  const routed = loads.some(({ rps }) => rps !== null);
  let input: Omit<ScalingInput, 'now' | 'window'> = {
    policy,
    revision: 1,
    current: { desired: replicas, ready: replicas },
    rollingOut: false,
    lastScaledAt: null,
    memory: NO_MEMORY,
  };
  let oldest = 0;
  let replicaSeconds = 0;
  loads.forEach((load, index) => {
    const now = load.at;
    while (now.getTime() - (loads[oldest] ?? load).at.getTime() >= windowMs) oldest += 1;
    const from = input.current.desired;
    const samples = loads.slice(oldest, index + 1).flatMap((one) => samplesWith(from, one));
    const window = windowOf(samples, { now, windowSeconds: policy.windowSeconds, routed, ready: from });
    const { desired, direction, reason, message, memory } = algorithm({ ...input, window, now });
    input = { ...input, memory };
    if (direction !== 'hold') {
      const at = now.toISOString();
      result.timeline.push({ at, replicas: desired });
      result.decisions.push({ at, from, to: desired, reason, message });
      result.replicas.least = Math.min(result.replicas.least, desired);
      result.replicas.most = Math.max(result.replicas.most, desired);
      input = { ...input, current: { desired, ready: desired }, lastScaledAt: at };
    }
    const seconds = secondsOf(load, loads[index + 1]);
    result.seconds += seconds;
    replicaSeconds += desired * seconds;
    // What was recorded met those that there were before it led to others.
    if (isOverTarget(policy, load, from)) result.secondsOverTarget += seconds;
  });
  result.replicas.hours = replicaSeconds / 3_600;
  return result;
}

/** What would have been recorded with so many instances. */
function samplesWith(replicas: number, load: RecordedLoad): AppSample[] {
  const labels = { [READY_LABEL]: String(replicas), [MEASURED_LABEL]: String(replicas) };
  const values = {
    rps: load.rps,
    active_connections: load.connections,
    latency_p95: load.latencyP95Ms,
    cpu_percent: replicas === 0 || load.cpu === null ? null : load.cpu / replicas,
    memory_percent: replicas === 0 ? null : load.memory,
  };
  return Object.entries(values).flatMap(([metricType, value]) =>
    value === null ? [] : [{ metricType, timestamp: load.at, value, labels }],
  );
}

function isOverTarget(policy: Scaling, load: RecordedLoad, replicas: number): boolean {
  const { weights } = policy;
  const over = (total: number | null, weight: number, target: number): boolean =>
    weight > 0 && total !== null && total > target * replicas;
  return (
    over(load.rps, weights.rps, policy.targetRPSPerReplica) ||
    over(load.cpu, weights.cpu, policy.maxCPUPercent) ||
    over(load.connections, weights.connection, policy.maxConnPerReplica) ||
    (weights.memory > 0 && replicas > 0 && (load.memory ?? 0) > policy.maxMemoryPercent) ||
    (weights.latency > 0 && (load.latencyP95Ms ?? 0) > policy.maxP95LatencyMs)
  );
}

/** How long a record stands for: until the next, unless that is long after. */
function secondsOf(load: RecordedLoad, next: RecordedLoad | undefined): number {
  const seconds = next ? (next.at.getTime() - load.at.getTime()) / 1_000 : 0;
  return seconds <= LONGEST_STEP_SECONDS ? seconds : 0;
}
