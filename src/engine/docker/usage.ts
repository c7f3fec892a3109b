import type Docker from 'dockerode';
import PQueue from 'p-queue';
import { EngineError, type Resources } from '../engine.ts';
import { INSTALLATION_LABEL } from '../labels.ts';
import type { ContainerStats, EngineUsage, HostStats } from '../usage.ts';
import { Cgroups, workingSet } from './cgroup.ts';
import type { DockerConnection } from './connection.ts';
import { hostUsage, isThisHost } from './host-usage.ts';

const STATS_CONCURRENCY = 4;
const STATS_SECONDS = 10;

/**
 * Usage as the kernel counts it. Groups that can be seen on this host are read directly; for the others, such as those
 * of a Docker elsewhere, Docker is asked once each.
 */
export class DockerUsage implements EngineUsage {
  readonly #connection: DockerConnection;
  readonly #installation: string;
  readonly #limits: (id: string) => Promise<Resources | null>;
  readonly #cgroups: Cgroups;
  readonly #queue = new PQueue({ concurrency: STATS_CONCURRENCY });
  #info: Promise<HostInfo> | undefined;

  /**
   * @param limits of a container as they are now; null when it is gone or not of this installation
   */
  constructor(
    connection: DockerConnection,
    installation: string,
    limits: (id: string) => Promise<Resources | null>,
    cgroups = new Cgroups(),
  ) {
    this.#connection = connection;
    this.#installation = installation;
    this.#limits = limits;
    this.#cgroups = cgroups;
  }

  async stats(ids: Iterable<string>): Promise<Map<string, ContainerStats>> {
    const wanted = new Set(ids);
    this.#cgroups.retain(wanted);
    const settled = await Promise.allSettled(
      [...wanted].map(async (id) => [id, await this.#statsOf(id)] as const),
    );
    const found = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = settled.find((each) => each.status === 'rejected');
    // One container that Docker cannot look into must not hide the others.
    if (failed && found.length === 0) throw failed.reason;
    return new Map(found.flatMap(([id, stats]) => (stats ? [[id, stats]] : [])));
  }

  async diskUsage(): Promise<Map<string, number>> {
    const filters = { label: [`${INSTALLATION_LABEL}=${this.#installation}`] };
    const listed = (await this.#connection.call('list the sizes of containers', (docker) =>
      docker.listContainers({ all: true, size: true, filters }),
    )) as (Docker.ContainerInfo & { SizeRw?: number })[];
    // Docker leaves out a size of 0.
    return new Map(listed.map(({ Id, SizeRw }) => [Id, SizeRw ?? 0]));
  }

  async host(): Promise<HostStats> {
    const { cpus, memoryBytes, name, dataDirectory } = await this.#hostInfo();
    const local = isThisHost(this.#connection.address, name);
    return { cpus, memoryBytes, usage: local ? await hostUsage(dataDirectory) : null };
  }

  async #statsOf(id: string): Promise<ContainerStats | undefined> {
    const limits = await this.#limits(id);
    if (!limits) return undefined;
    const seen = this.#cgroups.read(id);
    const stats = seen ? { ...seen, at: performance.timeOrigin + performance.now() } : await this.#ask(id);
    return (
      stats && {
        ...stats,
        memoryLimitBytes: limits.memoryBytes || null,
        nanoCpus: limits.nanoCpus || null,
      }
    );
  }

  /** Asks Docker, undefined for a container that does not run. One-shot: by itself, Docker would wait to see a difference. */
  async #ask(id: string): Promise<Pick<ContainerStats, 'cpuNanos' | 'memoryBytes' | 'at'> | undefined> {
    let answer: Docker.ContainerStats;
    try {
      const options = { stream: false as const, 'one-shot': true };
      answer = await this.#queue.add(() =>
        this.#connection.call(
          `read the usage of container ${id}`,
          (docker) => docker.getContainer(id).stats(options),
          STATS_SECONDS,
        ),
      );
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ContainerNotFound') return undefined;
      throw error;
    }
    const { read, cpu_stats: cpu, memory_stats: memory } = answer;
    if (memory.usage === undefined || Date.parse(read) <= 0) return undefined;
    const { total_inactive_file: legacy, inactive_file: unified } = memory.stats ?? {};
    return {
      cpuNanos: cpu.cpu_usage.total_usage,
      memoryBytes: workingSet(memory.usage, legacy ?? unified ?? 0),
      at: Date.parse(read),
    };
  }

  async #hostInfo(): Promise<HostInfo> {
    this.#info ??= this.#connection
      .call('look at the host', (docker) => docker.info() as Promise<DockerInfo>)
      .then(({ NCPU, MemTotal, Name, DockerRootDir }) => ({
        cpus: NCPU,
        memoryBytes: MemTotal,
        name: Name,
        dataDirectory: DockerRootDir,
      }));
    try {
      return await this.#info;
    } catch (error) {
      this.#info = undefined;
      throw error;
    }
  }
}

interface DockerInfo {
  NCPU: number;
  MemTotal: number;
  Name: string;
  DockerRootDir: string;
}

interface HostInfo {
  cpus: number;
  memoryBytes: number;
  name: string;
  dataDirectory: string;
}
