import type {
  MetricWindow,
  Reading,
  ReadingState,
  ScalingInput,
  ScalingMetric,
} from '../../../src/controllers/scaling/algorithm.ts';
import { NO_MEMORY } from '../../../src/controllers/scaling/algorithm.ts';
import type { Scaling } from '../../../src/manifest/app.gen.ts';
import { withDefaults } from '../../../src/manifest/defaults.ts';

export const NOW = new Date('2026-11-23T12:00:00.000Z');

/** A moment so many seconds before `NOW`. */
export function ago(seconds: number): string {
  return new Date(NOW.getTime() - seconds * 1_000).toISOString();
}

type PolicyChanges = Partial<Omit<Scaling, 'weights'>> & { weights?: Partial<Scaling['weights']> };

/** The schema's own defaults, changed: rps 50, latency 250 ms, cpu 70 %, memory 75 %, 100 connections; 80 out, 30 in. */
export function policyOf(changes: PolicyChanges = {}): Scaling {
  return withDefaults({ $ref: '#/$defs/scaling' }, changes) as Scaling;
}

/** Per instance; `null` is missing, a state is that state; what is not given is 0. */
export type Values = Partial<Record<ScalingMetric, number | ReadingState | null>>;

export function windowWith(values: Values = {}, more: Partial<MetricWindow> = {}, ready = 1): MetricWindow {
  const read = (metric: ScalingMetric): Reading => {
    const value = values[metric] === undefined ? 0 : values[metric];
    if (typeof value === 'number')
      return { state: 'measured', value, samples: 12, newestAt: NOW.toISOString() };
    return { state: value ?? 'missing', value: null, samples: 0, newestAt: null };
  };
  const readings = {
    rps: read('rps'),
    latency: read('latency'),
    cpu: read('cpu'),
    memory: read('memory'),
    connection: read('connection'),
  };
  const { value } = readings.rps;
  return { readings, arriving: value === null ? null : value * ready, rising: false, ...more };
}

export type InputChanges = Partial<Omit<ScalingInput, 'policy' | 'window' | 'current'>> & {
  policy?: PolicyChanges;
  values?: Values;
  window?: Partial<MetricWindow>;
  /** The count that is wanted, and how many are ready when not as many. */
  n?: number;
  ready?: number;
};

/** An evaluation of two instances that were quiet for an hour. */
export function inputOf({
  policy,
  values,
  window,
  n = 2,
  ready = n,
  ...changes
}: InputChanges = {}): ScalingInput {
  return {
    policy: policyOf({ maxReplicas: 10, ...policy }),
    revision: 1,
    current: { desired: n, ready },
    rollingOut: false,
    lastScaledAt: ago(3_600),
    window: windowWith(values, window, ready),
    memory: { ...NO_MEMORY, lowSince: ago(3_600), idleSince: ago(3_600) },
    now: NOW,
    ...changes,
  };
}
