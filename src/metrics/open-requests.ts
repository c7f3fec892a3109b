import { IDLE_PER_WORKER } from '../ingress/layout.ts';
import type { TrafficSample } from './tally.ts';
import type { TrafficInterval, TrafficTarget } from './traffic.ts';

/** Connections that nginx had open at the end of an interval, by the address of their other end. */
export interface OpenConnections {
  connections: ReadonlyMap<string, number>;
  /** How many workers nginx has. */
  workers: number;
}

/**
 * Finds what the log cannot show before it ends: WebSockets and long answers. A connection to an instance serves a
 * request, or is kept for the next one for 4 s after one has ended on it. So of those that are open at most as many are
 * idle as requests ended in this interval and the one before, and never more than nginx keeps.
 */
export class OpenRequests {
  /** Requests that ended in the last interval, by container. */
  #ended: ReadonlyMap<string, number> = new Map();

  /** The interval with `activeConnections` raised to what is open at its end for certain; as it is without `open`. */
  reveal(
    interval: TrafficInterval,
    targets: readonly TrafficTarget[],
    open: OpenConnections | null,
  ): TrafficInterval {
    const before = this.#ended;
    this.#ended = new Map([...interval.instances].map(([id, { requests }]) => [id, requests]));
    if (!open) return interval;
    const mostIdle = open.workers * IDLE_PER_WORKER;
    const apps = new Map(interval.apps);
    const instances = new Map(interval.instances);
    for (const target of targets) {
      let connected = 0;
      let ended = 0;
      let revealed = 0;
      for (const { containerId, address } of target.instances) {
        const sample = instances.get(containerId);
        if (!sample) continue;
        const here = open.connections.get(address) ?? 0;
        const lately = sample.requests + (before.get(containerId) ?? 0);
        const raised = atLeast(sample, here - Math.min(lately, mostIdle));
        instances.set(containerId, raised);
        connected += here;
        ended += lately;
        revealed += raised.activeConnections;
      }
      const sample = apps.get(target.app);
      if (sample)
        apps.set(target.app, atLeast(sample, Math.max(revealed, connected - Math.min(ended, mostIdle))));
    }
    return { ...interval, apps, instances };
  }
}

function atLeast(sample: TrafficSample, open: number): TrafficSample {
  return open > sample.activeConnections ? { ...sample, activeConnections: open } : sample;
}
