import type { RosterEntry } from '../control/roster.ts';
import { httpPortOf } from '../manifest/http-port.ts';
import type { MetricTarget } from './measurement.ts';

/**
 * What there is to be measured. Pure.
 *
 * @param routed whether there is an ingress
 */
export function targetsOf(entries: readonly RosterEntry[], routed: boolean): MetricTarget[] {
  return entries.map(({ application: { name, manifest, target }, members }) => {
    const ingress = routed && httpPortOf(target?.manifest ?? manifest) !== undefined;
    // Until one of the present revision is ready, those before it are what the app is.
    const renewed = members.some(({ ready, current }) => ready && current);
    return {
      app: name,
      ingress,
      windowSeconds: manifest.scaling.windowSeconds,
      instances: members.map(({ containerId, name: container, ip, port, ready, current }) => ({
        containerId,
        name: container,
        ready: ready && (current || !renewed),
        address: ingress && ip !== null && port !== null ? `${ip}:${port}` : null,
      })),
    };
  });
}
