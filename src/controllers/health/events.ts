import type { EventSeverity, NewEvent } from '../../store/store.ts';
import type { HealthState } from './health.ts';
import type { ProbeTarget } from './prober.ts';

/** The event of a change from healthy to unhealthy or the other way; null when a probe changed nothing. */
export function healthChanged(
  { app, appUid, containerId, containerName, startedAt }: ProbeTarget,
  before: HealthState,
  after: HealthState,
): NewEvent | null {
  const probe = after.probes.at(-1);
  if (!probe || after.status === before.status) return null;
  const [severity, text] = wording();
  return {
    eventType: 'health',
    eventCategory: 'application',
    reason: 'HealthChanged',
    appName: app,
    appUid,
    containerId,
    message: `${containerName} ${text}: ${probe.message}`,
    details: {
      status: after.status,
      previous: before.status,
      failures: after.consecutiveFailures,
      code: probe.code,
      latencyMs: probe.latencyMs,
    },
    severity,
    timestamp: after.since,
    source: 'health',
  };

  function wording(): [EventSeverity, string] {
    if (after.status === 'unhealthy')
      return ['warning', `is unhealthy, ${after.consecutiveFailures} failed checks in a row`];
    if (before.status === 'unhealthy') return ['info', 'is healthy again'];
    const seconds = (after.since.getTime() - startedAt.getTime()) / 1_000;
    return ['debug', `is healthy ${seconds.toFixed(1)} s after its start`];
  }
}
