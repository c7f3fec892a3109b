import type { NewEvent } from '../store/store.ts';

export interface IngressEvent {
  type: 'Normal' | 'Warning';
  /** `IngressServing`, `IngressDown`, or the error's code: `RouteTaken`, `ConfigurationRefused`, `PortTaken`, `ImageNotFound`, … */
  reason: string;
  message: string;
  /** Null for what concerns all apps. */
  app: string | null;
}

/** What the ingress tells, as the database keeps it. */
export function ingressEvent({ type, reason, message, app }: IngressEvent, timestamp: Date): NewEvent {
  return {
    eventType: type === 'Warning' ? 'error' : 'deployment',
    eventCategory: app === null ? 'system' : 'application',
    reason,
    appName: app,
    appUid: null,
    containerId: null,
    message,
    details: null,
    severity: type === 'Warning' ? 'error' : 'info',
    timestamp,
    source: 'ingress',
  };
}
