import type { Clock } from '../../clock.ts';
import type {
  ContainerSpec,
  EndedBy,
  EngineListener,
  LogLine,
  ObservedContainer,
  Resources,
} from '../engine.ts';
import { MemoryOutput } from './memory-output.ts';
import { MemoryVolumes } from './memory-volumes.ts';

/** A container of the world; `installation` is null for one that is nobody's of ours. */
export interface MemoryContainer extends ObservedContainer {
  installation: string | null;
  spec: ContainerSpec;
  /** `NAME=value` lines. */
  env: string[];
  /** The address reserved at creation. */
  reservedIp: string | null;
  connected: boolean;
  resources: Resources;
  output: MemoryOutput;
}

/** How the world behaves; may be changed at any time. */
export interface MemoryWorldOptions {
  /** How long each call takes; 0: it takes effect in a microtask. */
  latencyMs: number;
  eventDelayMs: number;
  /** How often a change of this app's container is told: 0 loses the event, 2 doubles it. */
  deliveries: (app: string) => number;
  /** How old what a listing shows is; changes are remembered only while this is above 0. */
  listingAgeMs: number;
  /** No image can be pulled. */
  registryDown: boolean;
}

export interface Watcher {
  installation: string;
  listener: EngineListener;
}

interface Snapshot {
  at: number;
  containers: MemoryContainer[];
}

/** Offsets in 10.0.0.0/16, as Docker's network has them: the upper half is for reserved addresses. */
const FIRST_ADDRESS = 2;
const FIRST_RESERVED_ADDRESS = 2 ** 15;

/**
 * A Docker host that exists only in memory and in the time of its clock. It outlives the engines that work on it, as
 * a host outlives a killed controller. Its methods are what other people, and fate, do to containers.
 */
export class MemoryWorld {
  readonly options: MemoryWorldOptions;
  readonly clock: Clock;
  /** Ids of the images on the host, by name. */
  readonly images = new Map<string, string>();
  /** Names of the images that can be pulled. */
  readonly registry = new Set<string>();
  /** Installations that have a network. */
  readonly networks = new Set<string>();
  readonly containers = new Map<string, MemoryContainer>();
  readonly volumes = new MemoryVolumes(this.containers);
  readonly watchers = new Set<Watcher>();
  /** How many calls of engines changed the world. */
  writes = 0;
  #created = 0;
  #addresses = 0;
  #reserved = 0;
  #past: Snapshot[] = [];

  constructor(clock: Clock, options: Partial<MemoryWorldOptions> = {}) {
    this.clock = clock;
    this.options = {
      latencyMs: 0,
      eventDelayMs: 0,
      deliveries: () => 1,
      listingAgeMs: 0,
      registryDown: false,
      ...options,
    };
  }

  /** Puts an image on the host and returns its id. */
  addImage(name: string): string {
    const id = `sha256:${name}`;
    this.images.set(name, id);
    return id;
  }

  /** A container that has nothing to do with any installation. */
  addForeign(name: string): string {
    const identity = {
      name,
      app: name,
      appUid: 'foreign',
      index: 0,
      revision: 0,
      attempt: 1,
      restarts: 0,
      specHash: 'foreign',
      operationId: 'foreign',
    };
    const none = { env: [], ports: [], volumes: [], aliases: [] };
    const { id } = this.add(null, { identity, image: 'foreign:1', stopGraceSeconds: 10, ...none }, [], null);
    this.run(id);
    return id;
  }

  /** The process ends by itself. */
  crash(id: string, exitCode: number, oomKilled = false): void {
    this.end(id, exitCode, oomKilled, 'itself');
  }

  /** `docker kill` by somebody else. */
  kill(id: string): void {
    this.end(id, 137, false, 'kill');
  }

  /** `docker stop` by somebody else. */
  stop(id: string): void {
    this.end(id, 143, false, 'stop');
  }

  /** `docker pause`. */
  pause(id: string): void {
    this.#change(id, { state: 'paused' });
  }

  /** `docker rm --force` by somebody else. */
  remove(id: string): void {
    const container = this.get(id);
    this.#remember();
    container.output.setEnded(true);
    this.containers.delete(id);
    this.#announce(container);
  }

  /** A removal that takes its time: the container is still listed, and its name still taken, until `remove`. */
  beginRemoval(id: string): void {
    this.end(id, 137, false, 'kill');
    this.#change(id, { state: 'removing' });
  }

  rename(id: string, name: string): void {
    this.#change(id, { name });
  }

  /** `docker update`. */
  update(id: string, resources: Resources): void {
    this.#change(id, { resources });
  }

  /** The process prints a line. */
  print(id: string, stream: LogLine['stream'], line: string): void {
    this.get(id).output.print({ stream, time: this.clock.now(), line });
  }

  /** `docker network disconnect`. */
  disconnect(id: string): void {
    this.#change(id, { connected: false, ip: null });
  }

  /** `docker network rm`; Docker, too, does it only when nothing that runs is connected. */
  removeNetwork(installation: string): void {
    this.networks.delete(installation);
  }

  /** The event streams of all engines break. */
  breakWatches(error: Error): void {
    for (const { listener } of this.watchers) listener.onDisconnect(error);
  }

  /** They are connected again. */
  mendWatches(): void {
    for (const { listener } of this.watchers) listener.onReconnect();
  }

  /** What a listing shows: the past, when listings are a moment old. Copies. */
  list(): MemoryContainer[] {
    const then = this.#now() - this.options.listingAgeMs;
    const past = this.options.listingAgeMs > 0 ? this.#past.find(({ at }) => at > then) : undefined;
    return past ? past.containers : [...this.containers.values()].map((container) => ({ ...container }));
  }

  /** The container with this name. */
  named(name: string): MemoryContainer | undefined {
    return [...this.containers.values()].find((container) => container.name === name);
  }

  get(id: string): MemoryContainer {
    const container = this.containers.get(id);
    if (!container) throw new Error(`there is no container ${id} in the world`);
    return container;
  }

  /** Adds a container that does not run yet. */
  add(
    installation: string | null,
    spec: ContainerSpec,
    env: string[],
    reservedIp: string | null,
  ): MemoryContainer {
    this.#remember();
    this.#created += 1;
    const container: MemoryContainer = {
      id: this.#created.toString(16).padStart(64, '0'),
      installation,
      spec,
      env,
      reservedIp,
      connected: true,
      name: spec.identity.name,
      identity: spec.identity,
      state: 'created',
      imageId: this.images.get(spec.image) ?? `sha256:${spec.image}`,
      ip: null,
      createdAt: this.clock.now(),
      startedAt: null,
      finishedAt: null,
      exitCode: null,
      oomKilled: false,
      endedBy: null,
      resources: { nanoCpus: spec.nanoCpus ?? 0, memoryBytes: spec.memoryBytes ?? 0 },
      output: new MemoryOutput(),
    };
    if (installation !== null) this.volumes.addFor(installation, spec);
    this.containers.set(container.id, container);
    this.#announce(container);
    return container;
  }

  /** Starts a container that does not run. */
  run(id: string): void {
    const { connected, reservedIp } = this.get(id);
    const ip = connected ? (reservedIp ?? address(FIRST_ADDRESS + this.#addresses++)) : null;
    this.#change(id, {
      state: 'running',
      ip,
      startedAt: this.clock.now(),
      finishedAt: null,
      exitCode: null,
      oomKilled: false,
      endedBy: null,
    });
    this.get(id).output.setEnded(false);
  }

  /** Ends a container's process. */
  end(id: string, exitCode: number, oomKilled: boolean, endedBy: EndedBy): void {
    const finishedAt = this.clock.now();
    this.get(id).output.setEnded(true);
    this.#change(id, { state: 'exited', ip: null, finishedAt, exitCode, oomKilled, endedBy });
  }

  /** An address that nobody else ever has. */
  reserveAddress(): string {
    this.#reserved += 1;
    return address(FIRST_RESERVED_ADDRESS + this.#reserved);
  }

  #now(): number {
    return this.clock.now().getTime();
  }

  #change(id: string, change: Partial<MemoryContainer>): void {
    const container = this.get(id);
    this.#remember();
    Object.assign(container, change);
    this.#announce(container);
  }

  /** Keeps what was until now, for listings that are a moment old. */
  #remember(): void {
    const age = this.options.listingAgeMs;
    if (age === 0) return;
    const now = this.#now();
    const containers = [...this.containers.values()].map((container) => ({ ...container }));
    this.#past = [...this.#past.filter(({ at }) => at > now - age), { at: now, containers }];
  }

  #announce({ installation, identity: { app } }: MemoryContainer): void {
    for (const watcher of this.watchers) {
      if (watcher.installation !== installation) continue;
      for (let delivery = 0; delivery < this.options.deliveries(app); delivery += 1) {
        this.clock.schedule(this.options.eventDelayMs, () => {
          if (this.watchers.has(watcher)) watcher.listener.onChange(app);
        });
      }
    }
  }
}

function address(offset: number): string {
  return `10.0.${Math.floor(offset / 256)}.${offset % 256}`;
}
