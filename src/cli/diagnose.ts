import type { Condition } from '../store/store.ts';

export function conditionOf(
  conditions: readonly Condition[],
  type: Condition['type'],
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** The condition that says most about why an app is not as declared; undefined when it is. */
export function obstacleOf(conditions: readonly Condition[]): Condition | undefined {
  return (['Synced', 'Ready', 'RouteAccepted', 'RouteServed'] as const)
    .map((type) => conditionOf(conditions, type))
    .find((condition) => condition && condition.status !== 'True');
}

/** In the words of the instances' `health_status`; null when nothing checks it. */
export function healthOf(conditions: readonly Condition[]): string | null {
  const healthy = conditionOf(conditions, 'Healthy');
  if (!healthy) return null;
  return { True: 'healthy', False: 'unhealthy', Unknown: 'unknown' }[healthy.status];
}
