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
   * The interval with `activeConnections` raised to what is open for certain; not known where the connections were and
   * are no more, and as it is where they never could be read.
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
        raise(instances, containerId, openHere);
        connected += here;
        ended += lately;
        open += openHere;
      }
      raise(apps, app, Math.max(open, connected - Math.min(ended, mostIdle)));
    }
    return { ...interval, apps, instances };
  }
}

function raise(samples: Map<string, TrafficSample>, key: string, open: number): void {
  const sample = samples.get(key);
  if (sample && open > (sample.activeConnections ?? 0))
    samples.set(key, { ...sample, activeConnections: open });
}
