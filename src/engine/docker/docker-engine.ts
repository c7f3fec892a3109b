import type Docker from 'dockerode';
import type { Logger } from 'pino';
import { systemClock, type Clock } from '../../clock.ts';
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
  type ObservedVolume,
  type PullProgress,
  type Resources,
} from '../engine.ts';
import { environment, needsAddress, type SecretReader } from '../environment.ts';
import { Addresses } from './addresses.ts';
import { DockerConnection } from './connection.ts';
import { containerBody } from './container-body.ts';
import { createContainer } from './create.ts';
import { dockerConfigDirectory } from './credentials.ts';
import { statusOf } from './errors.ts';
import { EventStream, type ContainerEvent } from './events.ts';
import { imageDigest, resolveImage } from './images.ts';
import { followLogs, readLogs } from './logs.ts';
import { createNetwork, findNetwork, networkName, subnetOf } from './network.ts';
import { Observer } from './observe.ts';
import { policyViolations, type ContainerPolicy } from './policy.ts';
import { updateContainer } from './update.ts';
import { DockerUsage } from './usage.ts';
import { listVolumes, removeVolume } from './volumes.ts';

/**
 * Docker tells of these before its listing shows them, but under the container's lock, for which an inspection waits:
 * after one, whoever is told sees the change.
 */
const EARLY_EVENTS = new Set(['die', 'disconnect']);

export interface DockerEngineOptions {
  installation: string;
  secrets: SecretReader;
  /** Checked on the final body of every container. */
  policy: ContainerPolicy;
  log: Logger;
  clock?: Clock;
  /** Where Docker is; without it, by DOCKER_HOST or the default socket. */
  connection?: Docker.DockerOptions;
  /** The directory of Docker's `config.json` with the logins to registries; without it, by DOCKER_CONFIG or `~/.docker`. */
  dockerConfig?: string;
}

/** The engine on a Docker host. It touches only containers with its installation's labels, always by id. */
export class DockerEngine implements Engine {
  readonly address: string;
  readonly usage: DockerUsage;
  readonly #options: DockerEngineOptions;
  readonly #clock: Clock;
  readonly #connection: DockerConnection;
  readonly #network: string;
  readonly #observer: Observer;
  readonly #addresses: Addresses;
  /** The network as last seen, so that a creation need not look it up. */
  #lastNetwork: Docker.NetworkInspectInfo | undefined;
  #creatingNetwork: Promise<void> | undefined;
  /** Ids of containers that ran out of memory; Docker tells so before it tells of the death. */
  readonly #outOfMemory = new Set<string>();

  constructor(options: DockerEngineOptions) {
    const { installation, log } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#connection = new DockerConnection(this.#clock, options.connection);
    this.#network = networkName(installation);
    this.#observer = new Observer(this.#connection, installation, this.#network, log);
    this.#addresses = new Addresses(this.#connection, installation, this.#network);
    this.address = this.#connection.address;
    this.usage = new DockerUsage(this.#connection, installation, (id) => this.#observer.limitsOf(id));
  }

  async ping(): Promise<void> {
    await this.#connection.call('reach the engine', (docker) => docker.ping());
  }

  async observe(known: Iterable<string> = []): Promise<Observation> {
    const [containers, network] = await Promise.all([this.#observer.observe(known), this.#findNetwork()]);
    return { containers, networkExists: network !== undefined };
  }

  async createNetwork(): Promise<void> {
    this.#creatingNetwork ??= createNetwork(this.#connection, this.#options.installation).finally(() => {
      this.#creatingNetwork = undefined;
    });
    await this.#creatingNetwork;
  }

  async resolveImage(
    image: string,
    policy: ImagePullPolicy,
    signal?: AbortSignal,
    onProgress?: (progress: PullProgress) => void,
  ): Promise<string> {
    const { log, dockerConfig: configDirectory = dockerConfigDirectory() } = this.#options;
    return await resolveImage(this.#connection, image, policy, { log, configDirectory, signal, onProgress });
  }

  async imageDigest(image: string): Promise<string | null> {
    return await imageDigest(this.#connection, image);
  }

  async createContainer(spec: ContainerSpec): Promise<string> {
    const network = this.#lastNetwork ?? (await this.#findNetwork());
    const subnet = network && subnetOf(network);
    if (subnet === undefined) {
      throw new EngineError(
        'NetworkNotFound',
        `cannot create container "${spec.identity.name}": there is no network "${this.#network}"`,
      );
    }
    if (!needsAddress(spec)) return await this.#create(spec, undefined);
    return await this.#addresses.withAddress(subnet, (address) => this.#create(spec, address));
  }

  async startContainer(id: string): Promise<void> {
    await this.#expectOurs(id, 'start');
    await succeedOn([304], () =>
      this.#connection.call(`start container ${id}`, (docker) => docker.getContainer(id).start()),
    );
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    if (!(await this.#isOurs(id))) return;
    await succeedOn([304, 404], () =>
      this.#connection.call(
        `stop container ${id}`,
        (docker) => docker.getContainer(id).stop({ t: graceSeconds }),
        graceSeconds + 60,
      ),
    );
  }

  async updateContainer(id: string, resources: Resources): Promise<void> {
    await this.#expectOurs(id, 'update');
    try {
      await updateContainer(this.#connection, id, resources);
    } finally {
      this.#observer.forget(id);
    }
  }

  async removeContainer(id: string): Promise<void> {
    if (!(await this.#isOurs(id))) return;
    try {
      await succeedOn([404], () =>
        this.#connection.call(`remove container ${id}`, (docker) =>
          docker.getContainer(id).remove({ force: true, v: true }),
        ),
      );
    } catch (error) {
      if (causeStatus(error) !== 409) throw error;
      await this.#awaitRemoval(id);
    }
  }

  watch(listener: EngineListener): EngineWatch {
    return new EventStream(this.#connection, this.#options.installation, this.#clock, {
      onEvent: (event) => void this.#reportChange(event, listener),
      onReconnect: () => listener.onReconnect(),
      onDisconnect: (error) => listener.onDisconnect(error),
    });
  }

  async logs(id: string, tail: number): Promise<string> {
    await this.#expectOurs(id, 'read the logs of');
    return await readLogs(this.#connection, id, tail);
  }

  async *followLogs(id: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    await this.#expectOurs(id, 'read the logs of');
    yield* followLogs(this.#connection, id, options, signal);
  }

  async listVolumes(): Promise<ObservedVolume[]> {
    return await listVolumes(this.#connection, this.#options.installation);
  }

  async removeVolume(name: string): Promise<void> {
    await removeVolume(this.#connection, this.#options.installation, name);
  }

  async #findNetwork(): Promise<Docker.NetworkInspectInfo | undefined> {
    this.#lastNetwork = await findNetwork(this.#connection, this.#options.installation);
    return this.#lastNetwork;
  }

  async #create(spec: ContainerSpec, address: string | undefined): Promise<string> {
    const { installation, policy, secrets } = this.#options;
    const { name, app } = spec.identity;
    const env = await environment(spec, secrets, address);
    const body = containerBody(spec, { installation, network: this.#network, env, address });
    const violations = policyViolations(body, this.#network, policy);
    if (violations.length > 0) {
      throw new EngineError(
        'PolicyViolation',
        `cannot create container "${name}": ${violations.join('; ')}`,
        {
          remedy: 'change the manifest, or have the operator allow it',
        },
      );
    }
    const id = await createContainer(this.#connection, installation, spec.identity, body);
    this.#observer.own(id, app);
    return id;
  }

  async #expectOurs(id: string, doing: string): Promise<void> {
    if (await this.#isOurs(id)) return;
    throw new EngineError('ContainerNotFound', `cannot ${doing} container ${id}: it is gone`);
  }

  /** False when the container is gone; throws for one that is not of this installation. */
  async #isOurs(id: string): Promise<boolean> {
    if (this.#observer.ownerOf(id) !== undefined || (await this.#observer.inspect(id))) return true;
    try {
      await this.#connection.call(`inspect container ${id}`, (docker) => docker.getContainer(id).inspect());
    } catch (error) {
      if (causeStatus(error) === 404) return false;
      throw error;
    }
    throw new EngineError(
      'EngineRefused',
      `container ${id} is not of installation "${this.#options.installation}"`,
    );
  }

  /** Somebody else is removing it already. */
  async #awaitRemoval(id: string): Promise<void> {
    await succeedOn([404], () =>
      this.#connection.call(`see container ${id} removed`, (docker) =>
        docker.getContainer(id).wait({ condition: 'removed' }),
      ),
    );
  }

  /** Reports a change when the observation shows it, and a death as soon as Docker tells of it. */
  async #reportChange(event: ContainerEvent, listener: EngineListener): Promise<void> {
    const { id, action, at, exitCode } = event;
    const app = event.app ?? this.#observer.ownerOf(id);
    if (app === undefined) return;
    const endingKnown = this.#observer.endings.note(event);
    if (action === 'kill' || action === 'stop') {
      if (endingKnown) listener.onChange(app);
      return;
    }
    if (action === 'oom') this.#outOfMemory.add(id);
    if (action === 'die') {
      const oomKilled = this.#outOfMemory.delete(id);
      if (await this.#observer.noteDeath(id, { at, exitCode, oomKilled })) listener.onChange(app);
    }
    this.#observer.forget(id);
    if (EARLY_EVENTS.has(action)) {
      try {
        await this.#observer.inspect(id);
      } catch (error) {
        this.#options.log.debug({ container: id, err: error }, 'cannot inspect container after an event');
      }
    }
    listener.onChange(app);
  }
}

/** Takes these answers of Docker for success. */
async function succeedOn(statuses: readonly number[], request: () => Promise<unknown>): Promise<void> {
  try {
    await request();
  } catch (error) {
    const status = causeStatus(error);
    if (status === undefined || !statuses.includes(status)) throw error;
  }
}

function causeStatus(error: unknown): number | undefined {
  return error instanceof EngineError ? statusOf(error.cause) : undefined;
}
