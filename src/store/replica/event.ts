import type { NewEvent } from '../store.ts';
import type { Finding } from './standby.ts';

/** What is recorded when the replica is lost or taken back. */
export function replicaEvent(finding: Finding, timestamp: Date): NewEvent {
  const common = {
    eventCategory: 'system',
    appName: null,
    appUid: null,
    containerId: null,
    timestamp,
    source: 'database',
  } as const;
  return finding.usable
    ? {
        ...common,
        eventType: 'health',
        reason: 'ReplicaReturned',
        message: 'the replica is back: reads go there again',
        details: { lagSeconds: finding.lagSeconds },
        severity: 'info',
      }
    : {
        ...common,
        eventType: 'warning',
        reason: 'ReplicaLost',
        message: `${finding.message}; reads go to the primary`,
        details: { trouble: finding.trouble },
        severity: 'warning',
      };
}
