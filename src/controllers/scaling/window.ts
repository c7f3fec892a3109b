import { MEASURED_LABEL, READY_LABEL } from '../../metrics/aggregate.ts';
import type { MetricWindow, Reading, ReadingState } from './algorithm.ts';
import { TOLERANCE } from './factor.ts';

/** One sample of level `app`, as it is stored: cpu and memory are means over the ready instances, the others totals. */
export interface AppSample {
  metricType: string;
  timestamp: Date;
  value: number;
  /** How many instances were ready, and of how many of those usage was measured. */
  labels: Record<string, string> | null;
}

export interface WindowScope {
  now: Date;
  windowSeconds: number;
  /** Whether requests come through the ingress, so that rps, latency and connections should be known. */
  routed: boolean;
  /** How many instances, of whatever revision, share the requests now. */
  ready: number;
}

/** How often metrics are collected. */
export const SAMPLE_INTERVAL_SECONDS = 5;
/** Samples three intervals old say nothing about now. */
export const STALE_SECONDS = 3 * SAMPLE_INTERVAL_SECONDS;

/**
 * What an evaluation goes by. Requests and connections are totals, spread over the instances that are ready now, and so
 * stay true across a change of the count. CPU, memory and latency do not: of them only samples count that were taken
 * since as many instances are ready as at last. A window that is shorter than the time between two measurements holds the
 * newest one.
 *
 * @param samples of at least the last `windowSeconds` (and `STALE_SECONDS`), in any order; others are left out
 */
export function windowOf(samples: readonly AppSample[], scope: WindowScope): MetricWindow {
  const { now, windowSeconds, routed, ready } = scope;
  const span = Math.max(windowSeconds, STALE_SECONDS) * 1_000;
  const known = since(samples, now.getTime() - span)
    .filter(({ timestamp, value }) => timestamp <= now && Number.isFinite(value))
    .toSorted((a, b) => a.timestamp.getTime() - b.timestamp.getTime());
  const newest = known.at(-1)?.timestamp ?? now;
  const inWindow = since(known, Math.min(now.getTime() - windowSeconds * 1_000, newest.getTime() - 1));
  const settled = sinceSameReady(inWindow);
  const of = (type: string, among: readonly AppSample[] = inWindow): AppSample[] =>
    among.filter(({ metricType }) => metricType === type);

  const requests = of('rps');
  const rps = spread(requests, ready, now);
  return {
    readings: {
      rps: routed ? rps : INAPPLICABLE,
      latency: routed ? typical(of('latency_p95', settled), of('rps', settled), rps) : INAPPLICABLE,
      cpu: perInstance(of('cpu_percent', settled), now),
      memory: perInstance(of('memory_percent', settled), now),
      connection: routed ? spread(of('active_connections'), ready, now) : INAPPLICABLE,
    },
    arriving: routed && isFresh(requests, now) ? mean(valuesOf(requests)) : null,
    rising: isRising(
      known
        .filter(({ metricType }) => metricType === 'rps')
        .map(({ timestamp, value }) => ({ at: timestamp.getTime(), value })),
      now.getTime() - span / 2,
    ),
  };
}

function since(samples: readonly AppSample[], moment: number): AppSample[] {
  return samples.filter(({ timestamp }) => timestamp.getTime() > moment);
}

/** Whether clearly more arrived after the middle of a window than before it. */
export function isRising(requests: readonly { at: number; value: number }[], middle: number): boolean {
  const later = requests.filter(({ at }) => at > middle);
  const earlier = requests.filter(({ at }) => at <= middle);
  if (later.length === 0 || earlier.length === 0) return false;
  return mean(valuesOf(later)) > mean(valuesOf(earlier)) * (1 + TOLERANCE);
}

export const INAPPLICABLE: Reading = { state: 'inapplicable', value: null, samples: 0, newestAt: null };

/** Those taken since the number of ready instances last changed. */
function sinceSameReady(sorted: readonly AppSample[]): readonly AppSample[] {
  const last = sorted.at(-1)?.labels?.[READY_LABEL];
  const other = sorted.findLastIndex(({ labels }) => labels?.[READY_LABEL] !== last);
  return sorted.slice(other + 1);
}

/** The mean per instance. Instances that were ready but not measured count as idle. */
function perInstance(samples: readonly AppSample[], now: Date): Reading {
  const newest = samples.at(-1);
  if (!newest || !isFresh(samples, now)) return reading(newest ? 'stale' : 'missing', null, samples);
  const value = mean(samples.map((sample) => sample.value * coverage(sample)));
  return reading(coverage(newest) < 1 ? 'partial' : 'measured', value, samples);
}

/** Of what part of the ready instances usage was measured. */
function coverage({ labels }: AppSample): number {
  const ready = Number(labels?.[READY_LABEL] ?? 0);
  return ready > 0 ? Number(labels?.[MEASURED_LABEL] ?? 0) / ready : 0;
}

/** A total of the application, spread over the instances that are ready now. */
function spread(samples: readonly AppSample[], ready: number, now: Date): Reading {
  if (ready === 0 || samples.length === 0) return reading('missing', null, samples);
  return reading(isFresh(samples, now) ? 'measured' : 'stale', mean(valuesOf(samples)) / ready, samples);
}

/**
 * The typical 95th percentile: the median of the intervals', for a mean of percentiles would be none. An application
 * that is seldom asked seldom has one: whether it should is what its requests say, and where nobody asks nobody waits.
 */
function typical(samples: readonly AppSample[], requests: readonly AppSample[], rps: Reading): Reading {
  if (rps.state !== 'measured') return reading(rps.state, null, samples);
  if (samples.length > 0) return reading('measured', median(valuesOf(samples)), samples);
  return requests.some(({ value }) => value > 0)
    ? reading('missing', null, samples)
    : reading('measured', 0, requests);
}

function reading(state: ReadingState, value: number | null, sorted: readonly AppSample[]): Reading {
  const newest = sorted.at(-1);
  return { state, value, samples: sorted.length, newestAt: newest?.timestamp.toISOString() ?? null };
}

function isFresh(sorted: readonly AppSample[], now: Date): boolean {
  const newest = sorted.at(-1);
  return newest !== undefined && now.getTime() - newest.timestamp.getTime() <= STALE_SECONDS * 1_000;
}

function valuesOf(samples: readonly { value: number }[]): number[] {
  return samples.map(({ value }) => value);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2;
}
