import type { Strategy } from '../../manifest/app.gen.ts';

/** How many instances a rollout may have beyond the desired ones, and how many of those may be unavailable. */
export interface Budget {
  surge: number;
  unavailable: number;
}

/**
 * The budget of a strategy for so many replicas, as Kubernetes counts it: a percentage of surge rounds up, one of
 * unavailability down, and if both come to 0 one instance may be unavailable, for otherwise nothing could ever change.
 */
export function budgetOf({ type, maxSurge, maxUnavailable }: Strategy, replicas: number): Budget {
  if (type === 'Recreate') return { surge: 0, unavailable: replicas };
  const surge = Math.ceil(amountOf(maxSurge, replicas));
  const unavailable = Math.floor(amountOf(maxUnavailable, replicas));
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas) };
}

function amountOf(value: number | string, replicas: number): number {
  if (typeof value === 'number') return value;
  return (Number.parseFloat(value) / 100) * replicas;
}
