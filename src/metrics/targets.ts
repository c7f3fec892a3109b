import type { RosterEntry } from '../control/roster.ts';
import type { MetricTarget } from './measurement.ts';

/**
 * What there is to be measured. Pure.
 *
 * @param routed whether there is an ingress
 */
export function targetsOf(entries: readonly RosterEntry[], routed: boolean): MetricTarget[] {
  return entries.map(({ application: { name, manifest }, members }) => {
    const port = manifest.spec.ports.find(({ protocol }) => protocol === 'HTTP')?.containerPort;
    const ingress = routed && manifest.spec.type === 'http' && port !== undefined;
    // Until one of the present revision is ready, those before it are what the app is.
    const renewed = members.some(({ ready, current }) => ready && current);
    return {
      app: name,
      ingress,
      windowSeconds: manifest.scaling.windowSeconds,
      instances: members.map(({ containerId, name: container, ip, ready, current }) => ({
        containerId,
        name: container,
        ready: ready && (current || !renewed),
        address: ingress && ip !== null ? `${ip}:${port}` : null,
      })),
    };
  });
}
