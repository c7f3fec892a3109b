import { IDLE_PER_WORKER } from '../ingress/layout.ts';
import type { Connections } from './connections.ts';
import type { TrafficSample } from './tally.ts';
import type { TrafficInterval, TrafficTarget } from './traffic.ts';

/**
 * Finds what the log cannot show before it ends: WebSockets and long answers. A connection to an instance serves a
 * request, or is kept for the next one for 4 s after one has ended on it. So of those that are open at most as many are
 * idle as requests ended in this interval and the one before, and never more than nginx keeps.
 */
export class OpenRequests {
  /** Requests that ended in the last interval, by container. */
  #ended: ReadonlyMap<string, number> = new Map();

  /**
   * The interval with `activeConnections` raised to what is open for certain, and no more than what is connected; not known
   * where the connections were and are no more, and as it is where they never could be read.
   *
   * @param workers how many nginx has; Infinity when that is not known
   */
  reveal(
    interval: TrafficInterval,
    targets: readonly TrafficTarget[],
    connections: Connections,
    workers: number,
  ): TrafficInterval {
    const before = this.#ended;
    this.#ended = new Map([...interval.instances].map(([id, { requests }]) => [id, requests]));
    if (connections === 'unread') return interval;
    if (connections === 'lost') {
      const unknown = <K>(samples: Map<K, TrafficSample>): Map<K, TrafficSample> =>
        new Map([...samples].map(([key, sample]) => [key, { ...sample, activeConnections: null }]));
      return { ...interval, apps: unknown(interval.apps), instances: unknown(interval.instances) };
    }
    const mostIdle = workers * IDLE_PER_WORKER;
    const apps = new Map(interval.apps);
    const instances = new Map(interval.instances);
    for (const { app, instances: members } of targets) {
      let connected = 0;
      let ended = 0;
      let open = 0;
      for (const { containerId, address } of members) {
        const here = connections.get(address) ?? 0;
        const lately = (interval.instances.get(containerId)?.requests ?? 0) + (before.get(containerId) ?? 0);
        const openHere = Math.max(0, here - Math.min(lately, mostIdle));
        bound(instances, containerId, openHere, here);
        connected += here;
        ended += lately;
        open += openHere;
      }
      bound(apps, app, Math.max(open, connected - Math.min(ended, mostIdle)), connected);
    }
    return { ...interval, apps, instances };
  }
}

/** Between what is open for certain and all that is connected, or was in this interval. */
function bound(samples: Map<string, TrafficSample>, key: string, open: number, connected: number): void {
  const sample = samples.get(key);
  if (!sample || sample.activeConnections === null) return;
  const most = Math.max(connected, sample.activeOfEnded);
  const activeConnections = Math.max(open, Math.min(sample.activeConnections, most));
  samples.set(key, { ...sample, activeConnections });
}
