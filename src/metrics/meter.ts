import type { ContainerStats, EngineUsage, HostStats } from '../engine/usage.ts';
import { inFlight, type StubStatus } from '../ingress/stub-status.ts';
import type { Connections } from './connections.ts';
import { instanceUsage, systemUsage, type InstanceUsage } from './engine-stats.ts';
import type { Measurement, MetricTarget } from './measurement.ts';
import { OpenRequests } from './open-requests.ts';
import type { Outages } from './outages.ts';
import type { TrafficInterval, TrafficTarget } from './traffic.ts';

export interface MeterOptions {
  engine: EngineUsage;
  /** What nginx shows; null without an ingress. */
  stubStatus: () => Promise<StubStatus | null>;
  connections: (now: Date) => Connections;
  outages: Outages;
}

/** The engine adds up files for it. */
const DISK_INTERVAL_MS = 60_000;

/** Measures what all apps use. What cannot be measured is left out, and the rest is measured all the same. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #openRequests = new OpenRequests();
  #stats: ReadonlyMap<string, ContainerStats> = new Map();
  #host: HostStats | null = null;
  #disk: ReadonlyMap<string, number> = new Map();
  #diskAt = -Infinity;
  #diskIsNew = false;

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  /** @param watched what the log showed of the interval that ends, and of what; null when nobody watched it */
  async measure(
    at: Date,
    targets: readonly MetricTarget[],
    watched: { interval: TrafficInterval; routed: readonly TrafficTarget[] } | null,
  ): Promise<Measurement> {
    const { engine, stubStatus, outages } = this.#options;
    const ids = targets.flatMap(({ instances }) => instances.map(({ containerId }) => containerId));
    const [stats, host, stub] = await Promise.all([
      outages.attempt('read what containers use', () => engine.stats(ids)),
      outages.attempt('look at the host', () => engine.host()),
      outages.attempt('read the status of the ingress', stubStatus),
    ]);
    const { interval, routed = [] } = watched ?? {};
    const workers = host?.cpus ?? Infinity;
    const traffic = interval
      ? this.#openRequests.reveal(interval, routed, this.#options.connections(at), workers)
      : null;
    const usages = this.#usages(stats ?? new Map(), host);
    const apps = targets.map(({ app, instances }) => ({
      app,
      traffic: traffic?.apps.get(app) ?? null,
      instances: instances.map(({ containerId, name, ready }) => ({
        name,
        ready,
        usage: usages.get(containerId) ?? null,
        diskBytes: this.#disk.get(containerId) ?? null,
        traffic: traffic?.instances.get(containerId) ?? null,
      })),
    }));
    const diskBytes = [...this.#disk.values()].reduce((total, bytes) => total + bytes, 0);
    const usage = systemUsage(this.#host, host, stats && [...usages.values()], diskBytes);
    const diskMeasured = this.#diskIsNew;
    this.#stats = stats ?? new Map();
    this.#host = host;
    this.#diskIsNew = false;
    this.#measureDisk(at);
    const system = { usage, traffic: traffic?.total ?? null, inFlight: stub && inFlight(stub) };
    return { at, apps, system, diskMeasured };
  }

  #usages(stats: ReadonlyMap<string, ContainerStats>, host: HostStats | null): Map<string, InstanceUsage> {
    return new Map([...stats].map(([id, after]) => [id, instanceUsage(this.#stats.get(id), after, host)]));
  }

  /** Beside the passes, which it would hold up; the next one after it takes its result. */
  #measureDisk(at: Date): void {
    if (at.getTime() - this.#diskAt < DISK_INTERVAL_MS) return;
    this.#diskAt = at.getTime();
    const { engine, outages } = this.#options;
    void outages
      .attempt('read what containers have written', () => engine.diskUsage())
      .then((disk) => {
        if (!disk) return;
        this.#disk = disk;
        this.#diskIsNew = true;
      });
  }
}
