import type { Scaling, ScalingWeights } from '../../manifest/app.gen.ts';

/**
 * How many instances an application should have: a pure function, so that another algorithm can stand beside ours and
 * a recorded past can be replayed through either. All moments but `now` are ISO 8601, and all of it is JSON.
 */
export type ScalingAlgorithm = (input: ScalingInput) => ScalingDecision;

/** What a policy can have a target for, as `scaling.weights` names it. */
export type ScalingMetric = keyof ScalingWeights;

export interface ScalingInput {
  /** The manifest's `scaling`, every default filled in. */
  policy: Scaling;
  /** The revision that is wanted now. What was learned of another is forgotten. */
  revision: number;
  current: {
    /** The count that is wanted now. */
    desired: number;
    /** How many instances, of whatever revision, share the load now. */
    ready: number;
  };
  rollingOut: boolean;
  /** When `desired` last changed. */
  lastScaledAt: string | null;
  window: MetricWindow;
  /** What the previous decision left; `NO_MEMORY` at first. */
  memory: ScalingMemory;
  now: Date;
}

/** What was measured in the last `windowSeconds`. */
export interface MetricWindow {
  readings: Readonly<Record<ScalingMetric, Reading>>;
  /** Requests a second that arrived for the application, served or not; null when that is not known. */
  arriving: number | null;
  /** Whether clearly more arrived in the window's later half than in its earlier one. */
  rising: boolean;
}

/**
 * - `measured`: fresh samples of every instance that counts
 * - `partial`: of some of them; the others are taken for idle, so that the value is a lower bound
 * - `stale`: samples, but none of now
 * - `missing`: no samples, although there should be some
 * - `inapplicable`: nothing to measure, for no requests are routed to the application
 */
export type ReadingState = 'measured' | 'partial' | 'stale' | 'missing' | 'inapplicable';

export interface Reading {
  state: ReadingState;
  /** Per ready instance: percent of the limit (cpu, memory), 1/s (rps), ms (latency), connections. */
  value: number | null;
  samples: number;
  newestAt: string | null;
}

/** What an algorithm remembers from one evaluation to the next. */
export interface ScalingMemory {
  /** Since when every metric has been at or under the scale-in threshold, at every evaluation. */
  lowSince: string | null;
  /** Since when nothing has arrived, at every evaluation. */
  idleSince: string | null;
  /** So many instances of the revision were too slow when so many requests a second arrived. */
  slow: { revision: number; replicas: number; arriving: number } | null;
}

export const NO_MEMORY: ScalingMemory = { lowSince: null, idleSince: null, slow: null };

export interface ScalingDecision {
  desired: number;
  direction: 'out' | 'in' | 'hold';
  reason: ScalingReason;
  /** The reason as a sentence with its figures. */
  message: string;
  factors: Factor[];
  /** What kept the count from what the metrics ask for, in the order in which it did. */
  clamps: Clamp[];
  memory: ScalingMemory;
}

/** One metric's part in a decision. */
export interface Factor {
  metric: ScalingMetric;
  state: ReadingState;
  value: number | null;
  target: number;
  weight: number;
  /** `value / target`. */
  factor: number | null;
  /** The count that the metric asks for; null when it asks for no more than there are. */
  asked: number | null;
}

export type ClampKind =
  | 'MinReplicas'
  | 'MaxReplicas'
  | 'ScaleOutStep'
  | 'ScaleInStep'
  | 'Cooldown'
  | 'Rollout'
  | 'Stabilization'
  | 'MissingMetrics'
  | 'Projection'
  | 'LatencyFloor';

export interface Clamp {
  kind: ClampKind;
  /** The count without the clamp, and with it. */
  asked: number;
  allowed: number;
  /** When it ends by itself. */
  secondsLeft?: number;
}

export type ScalingReason =
  /** Why the count changes. */
  | 'CPUAboveThreshold'
  | 'MemoryAboveThreshold'
  | 'RPSAboveThreshold'
  | 'LatencyAboveThreshold'
  | 'ConnectionsAboveThreshold'
  | 'LoadLow'
  | 'Idle'
  | 'RequestsArriving'
  | 'BelowMinReplicas'
  | 'AboveMaxReplicas'
  | 'Manual'
  /** Why it stays. */
  | 'WithinThresholds'
  | 'AtMinReplicas'
  | 'AtMaxReplicas'
  | 'Cooldown'
  | 'Stabilizing'
  | 'RolloutInProgress'
  | 'MissingMetrics'
  | 'NoMetrics'
  | 'NoReadyInstances'
  | 'InstancesStarting'
  | 'LoadNotHigh'
  | 'WouldOverload'
  | 'WouldBeSlow'
  | 'StillUsed'
  | 'Asleep';
