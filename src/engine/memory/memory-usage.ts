import type { ContainerStats, EngineUsage, HostStats } from '../usage.ts';
import type { EngineCall } from './memory-engine.ts';
import type { MemoryContainer, MemoryWorld } from './memory-world.ts';

/** What a container in memory is made to use. */
export interface MemoryLoad {
  cpuNanos: number;
  memoryBytes: number;
  diskBytes: number;
}

const IDLE: MemoryLoad = { cpuNanos: 0, memoryBytes: 2 ** 20, diskBytes: 0 };

/** What containers of a `MemoryWorld`, and its host, use: as `set` says; nothing is used by itself. */
export class MemoryUsage implements EngineUsage {
  hostStats: HostStats = { cpus: 4, memoryBytes: 8 * 2 ** 30, usage: null };
  readonly #world: MemoryWorld;
  readonly #installation: string;
  readonly #call: <T>(call: EngineCall, effect: () => T) => Promise<T>;
  readonly #loads = new Map<string, MemoryLoad>();

  /** @param call by which the engine goes about every call */
  constructor(
    world: MemoryWorld,
    installation: string,
    call: <T>(call: EngineCall, effect: () => T) => Promise<T>,
  ) {
    this.#world = world;
    this.#installation = installation;
    this.#call = call;
  }

  set(id: string, load: Partial<MemoryLoad>): void {
    this.#loads.set(id, { ...this.#loadOf(id), ...load });
  }

  async stats(ids: Iterable<string>): Promise<Map<string, ContainerStats>> {
    return await this.#call({ method: 'stats', args: [ids] }, () => {
      const wanted = new Set(ids);
      const running = this.#ours().filter(
        ({ id, state }) => wanted.has(id) && (state === 'running' || state === 'paused'),
      );
      return new Map(running.map((container) => [container.id, this.#statsOf(container)]));
    });
  }

  async diskUsage(): Promise<Map<string, number>> {
    return await this.#call(
      { method: 'diskUsage', args: [] },
      () => new Map(this.#ours().map(({ id }) => [id, this.#loadOf(id).diskBytes])),
    );
  }

  async host(): Promise<HostStats> {
    return await this.#call({ method: 'host', args: [] }, () => this.hostStats);
  }

  #ours(): MemoryContainer[] {
    return [...this.#world.containers.values()].filter(
      ({ installation }) => installation === this.#installation,
    );
  }

  #loadOf(id: string): MemoryLoad {
    return this.#loads.get(id) ?? IDLE;
  }

  #statsOf({ id, resources }: MemoryContainer): ContainerStats {
    const { cpuNanos, memoryBytes } = this.#loadOf(id);
    return {
      cpuNanos,
      memoryBytes,
      memoryLimitBytes: resources.memoryBytes || null,
      nanoCpus: resources.nanoCpus || null,
      at: this.#world.clock.now().getTime(),
    };
  }
}
