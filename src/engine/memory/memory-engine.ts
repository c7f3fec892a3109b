import {
  EngineError,
  type ContainerSpec,
  type Engine,
  type EngineListener,
  type EngineWatch,
  type ImagePullPolicy,
  type LogLine,
  type LogOptions,
  type Observation,
  type ObservedContainer,
  type ObservedVolume,
  type PullProgress,
  type Resources,
} from '../engine.ts';
import { environment, needsAddress, type SecretReader } from '../environment.ts';
import { secretLabels, secretsOf } from '../labels.ts';
import { redact } from '../redact.ts';
import type { MemoryContainer, MemoryWorld, Watcher } from './memory-world.ts';

/** One call on an engine, for faults to choose by. */
export interface EngineCall {
  method: Exclude<keyof Engine, 'address' | 'watch'>;
  args: readonly unknown[];
}

/** Throwing fails the call before or after its effect; a promise that never settles is a killed controller. */
export interface EngineFaults {
  before?(call: EngineCall): Promise<void> | void;
  after?(call: EngineCall): Promise<void> | void;
}

export interface MemoryEngineOptions {
  installation: string;
  secrets?: SecretReader;
  faults?: EngineFaults;
}

/** An engine on a `MemoryWorld`: one controller's client of it. */
export class MemoryEngine implements Engine {
  readonly address = 'memory://';
  readonly #world: MemoryWorld;
  readonly #installation: string;
  readonly #secrets: SecretReader;
  readonly #faults: EngineFaults;
  readonly #watchers = new Set<Watcher>();
  #killed = false;

  constructor(world: MemoryWorld, options: MemoryEngineOptions) {
    this.#world = world;
    this.#installation = options.installation;
    this.#secrets = options.secrets ?? (async () => await Promise.reject(new Error('there are no secrets')));
    this.#faults = options.faults ?? {};
  }

  async ping(): Promise<void> {
    await this.#call({ method: 'ping', args: [] }, () => undefined);
  }

  async observe(known: Iterable<string> = []): Promise<Observation> {
    return await this.#call({ method: 'observe', args: [known] }, () => {
      const listed = this.#world.list().filter(({ installation }) => installation === this.#installation);
      const ids = new Set(listed.map(({ id }) => id));
      const unlisted = [...new Set(known)].flatMap((id) => (ids.has(id) ? [] : (this.#find(id) ?? [])));
      return {
        containers: [...listed, ...unlisted].map(observed),
        networkExists: this.#world.networks.has(this.#installation),
      };
    });
  }

  async createNetwork(): Promise<void> {
    await this.#call({ method: 'createNetwork', args: [] }, () => {
      if (this.#world.networks.has(this.#installation)) return;
      this.#world.networks.add(this.#installation);
      this.#world.writes += 1;
    });
  }

  async resolveImage(
    image: string,
    policy: ImagePullPolicy,
    _signal?: AbortSignal,
    onProgress?: (progress: PullProgress) => void,
  ): Promise<string> {
    return await this.#call({ method: 'resolveImage', args: [image, policy] }, () => {
      const present = this.#world.images.get(image);
      if (present !== undefined && policy !== 'Always') return present;
      if (policy === 'Never') throw imageNotFound(image);
      if (this.#world.options.registryDown) {
        throw new EngineError(
          'ImagePullFailed',
          `cannot pull image "${image}": the registry does not answer`,
        );
      }
      if (!this.#world.registry.has(image)) throw imageNotFound(image);
      this.#world.writes += 1;
      onProgress?.({ status: 'Download complete', percent: 100 });
      return this.#world.addImage(image);
    });
  }

  async imageDigest(image: string): Promise<string | null> {
    return await this.#call({ method: 'imageDigest', args: [image] }, () => {
      const id = this.#world.images.get(image);
      if (id === undefined) throw imageNotFound(image);
      return this.#world.registry.has(image) ? id : null;
    });
  }

  async createContainer(spec: ContainerSpec): Promise<string> {
    const { identity, image } = spec;
    return await this.#call({ method: 'createContainer', args: [spec] }, async () => {
      const address = needsAddress(spec) ? this.#world.reserveAddress() : undefined;
      const env = await environment(spec, this.#secrets, address);
      if (!this.#world.networks.has(this.#installation)) throw this.#networkNotFound();
      if (!this.#world.images.has(image)) throw imageNotFound(image);
      const holder = this.#world.named(identity.name);
      if (holder) return this.#idIfSame(holder, spec);
      this.#world.writes += 1;
      return this.#world.add(this.#installation, spec, env, address ?? null).id;
    });
  }

  async startContainer(id: string): Promise<void> {
    await this.#call({ method: 'startContainer', args: [id] }, () => {
      const container = this.#present(id);
      if (container.state === 'running') return;
      if (container.state === 'paused' || container.state === 'removing') {
        throw new EngineError('EngineRefused', `cannot start container ${id}: it is ${container.state}`);
      }
      if (!this.#world.networks.has(this.#installation)) throw this.#networkNotFound();
      this.#world.writes += 1;
      this.#world.run(id);
    });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    await this.#call({ method: 'stopContainer', args: [id, graceSeconds] }, () => {
      const state = this.#find(id)?.state;
      if (state !== 'running' && state !== 'paused') return;
      this.#world.writes += 1;
      this.#world.stop(id);
    });
  }

  async updateContainer(id: string, resources: Resources): Promise<void> {
    await this.#call({ method: 'updateContainer', args: [id, resources] }, () => {
      const present = this.#present(id).resources;
      const { nanoCpus, memoryBytes } = resources;
      if ((present.nanoCpus > 0 && nanoCpus === 0) || (present.memoryBytes > 0 && memoryBytes === 0)) {
        throw new EngineError('EngineRefused', `cannot take a limit off container ${id} in place`);
      }
      if (present.nanoCpus === nanoCpus && present.memoryBytes === memoryBytes) return;
      this.#world.writes += 1;
      this.#world.update(id, { nanoCpus, memoryBytes });
    });
  }

  async removeContainer(id: string): Promise<void> {
    await this.#call({ method: 'removeContainer', args: [id] }, () => {
      if (!this.#find(id)) return;
      this.#world.writes += 1;
      this.#world.remove(id);
    });
  }

  watch(listener: EngineListener): EngineWatch {
    const watcher = { installation: this.#installation, listener };
    this.#watchers.add(watcher);
    this.#world.watchers.add(watcher);
    return { close: () => this.#world.watchers.delete(watcher) };
  }

  async logs(id: string, tail: number): Promise<string> {
    return await this.#call({ method: 'logs', args: [id, tail] }, async () => {
      let text = '';
      const { output, spec, env } = this.#present(id);
      for await (const { line } of output.follow({ tail }, new AbortController().signal)) text += `${line}\n`;
      return redact(text, secretsOf(secretLabels(spec.env), env));
    });
  }

  async *followLogs(id: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const call: EngineCall = { method: 'followLogs', args: [id, options] };
    const { output } = await this.#call(call, () => this.#present(id));
    yield* output.follow(options, signal);
  }

  async listVolumes(): Promise<ObservedVolume[]> {
    return await this.#call({ method: 'listVolumes', args: [] }, () =>
      this.#world.volumes.list(this.#installation),
    );
  }

  async removeVolume(name: string): Promise<void> {
    await this.#call({ method: 'removeVolume', args: [name] }, () => {
      if (this.#world.volumes.remove(this.#installation, name)) this.#world.writes += 1;
    });
  }

  /** The controller is dead: no call settles any more, or has an effect that it does not have yet, and no event arrives. */
  kill(): void {
    this.#killed = true;
    for (const watcher of this.#watchers) this.#world.watchers.delete(watcher);
  }

  async #call<T>(call: EngineCall, effect: () => T | Promise<T>): Promise<T> {
    await this.#faults.before?.(call);
    await this.#alive();
    const { latencyMs } = this.#world.options;
    if (latencyMs > 0) await new Promise<void>((resolve) => this.#world.clock.schedule(latencyMs, resolve));
    await this.#alive();
    const result = await effect();
    await this.#faults.after?.(call);
    await this.#alive();
    return result;
  }

  async #alive(): Promise<void> {
    if (this.#killed) await new Promise<never>(() => undefined);
  }

  /** A container of this installation; undefined when it is gone. */
  #find(id: string): MemoryContainer | undefined {
    const container = this.#world.containers.get(id);
    if (container && container.installation !== this.#installation) {
      throw new EngineError(
        'EngineRefused',
        `container ${id} is not of installation "${this.#installation}"`,
      );
    }
    return container;
  }

  #present(id: string): MemoryContainer {
    const container = this.#find(id);
    if (!container) throw new EngineError('ContainerNotFound', `there is no container ${id}`);
    return container;
  }

  #idIfSame(holder: MemoryContainer, { identity }: ContainerSpec): string {
    const same =
      holder.installation === this.#installation &&
      holder.identity.appUid === identity.appUid &&
      holder.identity.name === identity.name;
    if (same) return holder.id;
    throw new EngineError(
      'NameTaken',
      `cannot create container "${identity.name}": container ${holder.id} (image ${holder.spec.image}) has that name`,
    );
  }

  #networkNotFound(): EngineError {
    return new EngineError('NetworkNotFound', `there is no network of installation "${this.#installation}"`);
  }
}

function imageNotFound(image: string): EngineError {
  return new EngineError('ImageNotFound', `there is no image "${image}"`);
}

function observed(container: MemoryContainer): ObservedContainer {
  const {
    installation: _i,
    spec: _s,
    env: _e,
    reservedIp: _r,
    connected: _c,
    output: _o,
    ...shown
  } = container;
  // As Docker's listing: what was never started is not looked into.
  return { ...shown, resources: shown.state === 'created' ? null : shown.resources };
}
