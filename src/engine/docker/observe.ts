import type Docker from 'dockerode';
import PQueue from 'p-queue';
import type { Logger } from 'pino';
import { EngineError, type ContainerState, type ObservedContainer, type Resources } from '../engine.ts';
import { INSTALLATION_LABEL, parseIdentity } from '../labels.ts';
import type { DockerConnection } from './connection.ts';
import { Endings } from './endings.ts';
import { ended, signatureOf, type Death, type Inspection } from './inspection.ts';
import { resourcesOf } from './update.ts';

const INSPECT_CONCURRENCY = 4;
/** Docker inspects under the container's lock, and a container that hangs must not stop the whole pass. */
const INSPECT_SECONDS = 10;

/**
 * Observes containers with one listing. What a listing does not show (times, exit code, OOM) is inspected once and kept
 * until the listing, or an event, says that it may have changed: where nothing happens, nothing is inspected.
 */
export class Observer {
  readonly endings = new Endings();
  readonly #connection: DockerConnection;
  readonly #installation: string;
  readonly #network: string;
  readonly #log: Logger;
  readonly #inspections = new Map<string, Promise<Inspection | undefined>>();
  /** Containers that died a moment ago, by id, as long as Docker has not cleaned up after them. */
  readonly #dying = new Map<string, Inspection>();
  readonly #queue = new PQueue({ concurrency: INSPECT_CONCURRENCY });
  /** App by id of containers that are certainly of this installation: labels never change. */
  readonly #owned = new Map<string, string>();

  constructor(connection: DockerConnection, installation: string, network: string, log: Logger) {
    this.#connection = connection;
    this.#installation = installation;
    this.#network = network;
    this.#log = log;
  }

  /** See `Engine.observe`. */
  async observe(known: Iterable<string>): Promise<ObservedContainer[]> {
    const filters = { label: [`${INSTALLATION_LABEL}=${this.#installation}`] };
    const listed = await this.#connection.call('list containers', (docker) =>
      docker.listContainers({ all: true, filters }),
    );
    const unlisted = new Set(known);
    for (const info of listed) unlisted.delete(info.Id);
    const found = await Promise.all([
      ...listed.map((info) => this.#fromListing(info)),
      ...[...unlisted].map((id) => this.inspect(id)),
    ]);
    const containers = found.filter((container) => container !== undefined);
    this.#keep(containers);
    return containers.map((container) => ({ ...container, endedBy: this.endings.of(container) }));
  }

  /** Inspects anew; undefined when the container is gone or not of this installation. */
  async inspect(id: string): Promise<ObservedContainer | undefined> {
    const inspection = this.#queue.add(() => this.#inspect(id));
    this.#inspections.set(id, inspection);
    try {
      const found = await inspection;
      if (found) this.own(id, found.container.identity.app);
      return found?.container;
    } catch (error) {
      if (this.#inspections.get(id) === inspection) this.#inspections.delete(id);
      throw error;
    } finally {
      this.#dying.delete(id);
    }
  }

  /** A container's limits, inspected only when they may have changed; null when it is gone or not of this installation. */
  async limitsOf(id: string): Promise<Resources | null> {
    const kept = await this.#inspections.get(id)?.catch(() => undefined);
    return (kept?.container ?? (await this.inspect(id)))?.resources ?? null;
  }

  /**
   * Shows a running container as ended, from the moment of its death: Docker's listing does so only when its cleanup is
   * done, and only then an inspection answers. False when it is not certain that this is the run that ended.
   */
  async noteDeath(id: string, death: Death): Promise<boolean> {
    const kept = await this.#inspections.get(id)?.catch(() => undefined);
    const inspection = kept && ended(kept, death);
    if (inspection) this.#dying.set(id, inspection);
    return inspection !== undefined;
  }

  /** The container may have changed in a way that the listing does not show. */
  forget(id: string): void {
    this.#inspections.delete(id);
  }

  /** Notes that a container is of this installation. */
  own(id: string, app: string): void {
    this.#owned.set(id, app);
  }

  /** The app of a container known to be of this installation. */
  ownerOf(id: string): string | undefined {
    return this.#owned.get(id);
  }

  async #fromListing(info: Docker.ContainerInfo): Promise<ObservedContainer | undefined> {
    const listed = this.#read(info);
    if (!listed || listed.state === 'created') return listed;
    const signature = signatureOf(listed.state, info.NetworkSettings.Networks[this.#network]);
    const dying = this.#dying.get(info.Id);
    if (dying?.signature === signature) return { ...dying.container, name: listed.name };
    const kept = await this.#inspections.get(info.Id)?.catch(() => undefined);
    if (kept?.signature === signature) return { ...kept.container, name: listed.name };
    try {
      return await this.inspect(info.Id);
    } catch (error) {
      // One container that Docker cannot inspect must not hide the others; the listing has seen it at least.
      this.#log.warn({ container: info.Id, err: error }, 'cannot inspect container, using the listing alone');
      return listed;
    }
  }

  #read(info: Docker.ContainerInfo): ObservedContainer | undefined {
    const identity = parseIdentity(info.Labels);
    if (!identity) {
      this.#log.debug(
        { container: info.Id },
        'container has our label but not a whole identity, leaving it alone',
      );
      return undefined;
    }
    this.own(info.Id, identity.app);
    return {
      id: info.Id,
      // Links give further names, of the form `/other/alias`.
      name: (info.Names.find((name) => name.lastIndexOf('/') === 0) ?? '').slice(1),
      identity,
      state: toState(info.State),
      imageId: info.ImageID,
      ip: info.NetworkSettings.Networks[this.#network]?.IPAddress || null,
      createdAt: new Date(info.Created * 1000),
      startedAt: null,
      finishedAt: null,
      exitCode: null,
      oomKilled: false,
      endedBy: null,
      resources: null,
    };
  }

  async #inspect(id: string): Promise<Inspection | undefined> {
    let info: Docker.ContainerInspectInfo;
    try {
      info = await this.#connection.call(
        `inspect container ${id}`,
        (docker) => docker.getContainer(id).inspect(),
        INSPECT_SECONDS,
      );
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ContainerNotFound') return undefined;
      throw error;
    }
    const identity = parseIdentity(info.Config.Labels);
    if (!identity || info.Config.Labels[INSTALLATION_LABEL] !== this.#installation) return undefined;
    const state = toState(info.State.Status);
    const endpoint = info.NetworkSettings.Networks[this.#network];
    const over = state === 'exited' || state === 'dead' || state === 'removing';
    const finishedAt = over ? parseTime(info.State.FinishedAt) : null;
    return {
      signature: signatureOf(state, endpoint),
      container: {
        id,
        name: info.Name.slice(1),
        identity,
        state,
        imageId: info.Image,
        ip: endpoint?.IPAddress || null,
        createdAt: new Date(Math.floor(Date.parse(info.Created) / 1000) * 1000),
        startedAt: parseTime(info.State.StartedAt),
        finishedAt,
        exitCode: finishedAt ? info.State.ExitCode : null,
        oomKilled: over && info.State.OOMKilled,
        endedBy: null,
        resources: resourcesOf(info.HostConfig),
      },
    };
  }

  #keep(containers: readonly ObservedContainer[]): void {
    const ids = new Set(containers.map((container) => container.id));
    for (const id of this.#inspections.keys()) if (!ids.has(id)) this.#inspections.delete(id);
    for (const id of this.#owned.keys()) if (!ids.has(id)) this.#owned.delete(id);
    this.endings.keep(ids);
  }
}

const STATES: readonly ContainerState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];

/** A state of another engine's own counts as one in passing, which nobody acts on. */
function toState(text: string): ContainerState {
  return STATES.find((state) => state === text) ?? 'restarting';
}

/** Docker writes year 1 for never. */
function parseTime(text: string): Date | null {
  const time = new Date(text);
  return time.getTime() > 0 ? time : null;
}
