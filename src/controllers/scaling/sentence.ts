import type { Factor, ScalingMetric, ScalingReason } from './algorithm.ts';

const words: Record<ScalingMetric, { name: string; unit: string; reason: ScalingReason }> = {
  rps: { name: 'rps', unit: '', reason: 'RPSAboveThreshold' },
  latency: { name: 'p95 latency', unit: ' ms', reason: 'LatencyAboveThreshold' },
  cpu: { name: 'cpu', unit: ' %', reason: 'CPUAboveThreshold' },
  memory: { name: 'memory', unit: ' %', reason: 'MemoryAboveThreshold' },
  connection: { name: 'connections', unit: '', reason: 'ConnectionsAboveThreshold' },
};

/** Said of an application that could not be started again by who asks for it. */
export const NO_REQUESTS = 'no requests come through the ingress, which could start one later';
export const UNKNOWN_REQUESTS = 'it is not known whether requests arrive';

/** Why the count grows, when this metric asks for most. */
export function reasonOf({ metric }: Factor): ScalingReason {
  return words[metric].reason;
}

export function nameOf(metric: ScalingMetric): string {
  return words[metric].name;
}

/** A value of the metric with its unit: `92`, `240 ms`, `61 %`. */
export function quantity(metric: ScalingMetric, value: number): string {
  return `${figure(value)}${words[metric].unit}`;
}

/** `rps 92 is 184 % of its target 50`. */
export function comparison({ metric, value, target, factor }: Factor): string {
  const { name } = words[metric];
  return `${name} ${quantity(metric, value ?? 0)} is ${figure((factor ?? 0) * 100)} % of its target ${quantity(metric, target)}`;
}

/** Three digits are enough for people: `0.25`, `7.5`, `184`. */
export function figure(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export function instances(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}

/** `rps`, `rps and cpu`, `rps, cpu and memory`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
