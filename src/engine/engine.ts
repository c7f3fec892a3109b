import { AutoServeError } from '../error.ts';

/**
 * What AutoServe needs of a thing that runs containers. Every method is one call on the engine; none of them
 * decides anything. Implementations: `docker/` and, for tests, `memory/`; one contract suite holds for both.
 */
export interface Engine {
  /** Where the engine is, for messages: `unix:///var/run/docker.sock`. */
  readonly address: string;

  /** Resolves when the engine answers. Throws `EngineError` `EngineUnavailable`. */
  ping(): Promise<void>;

  /**
   * Everything that carries this installation's label, in one listing. A listing may be a moment old, so a container
   * of `known` (ids) that it lacks is inspected: what is not in the result is gone for certain.
   */
  observe(known?: Iterable<string>): Promise<Observation>;

  /** Creates this installation's network; an existing one is success. */
  createNetwork(): Promise<void>;

  /**
   * Makes `image` present by `policy` and returns its id; `onProgress` hears how far a pull is. Throws `ImageNotFound`,
   * `ImagePullFailed`.
   */
  resolveImage(
    image: string,
    policy: ImagePullPolicy,
    signal?: AbortSignal,
    onProgress?: (progress: PullProgress) => void,
  ): Promise<string>;

  /**
   * The digest (`sha256:…`) under which a registry gave `image`, which must be present; null for one that was built on
   * this host. Throws `ImageNotFound`.
   */
  imageDigest(image: string): Promise<string | null>;

  /**
   * Creates a container, without starting it, and returns its id. If a container of the very same instance
   * (installation, app uid, name) already holds the name, its id is returned: the call is idempotent.
   * Throws `NameTaken` when anyone else holds the name, `ImageNotFound`, `NetworkNotFound`, `SecretMissing`,
   * `PolicyViolation`, `EngineRefused` for a request the engine rejects.
   */
  createContainer(container: ContainerSpec): Promise<string>;

  /**
   * Starts a created container; one that runs already is success. Throws `ContainerNotFound`, `NetworkNotFound`
   * (removed since), `EngineRefused` (a paused one, too).
   */
  startContainer(id: string): Promise<void>;

  /** SIGTERM, then SIGKILL after `graceSeconds`; stopped already or gone is success. Works on a paused one. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;

  /**
   * Makes a container's limits `resources`, in place; limits it has already are success. Throws `ContainerNotFound`, and
   * `EngineRefused` where only a replacement would do: a limit cannot be taken off, nor memory put below what is used.
   */
  updateContainer(id: string, resources: Resources): Promise<void>;

  /** Kills if need be and removes, anonymous volumes too, named ones never; gone already is success. */
  removeContainer(id: string): Promise<void>;

  /**
   * Reports, until `close` is called, the app of every container of this installation whose state may have
   * changed. A lost connection is reconnected with an overlapping `since` and reported through `onReconnect`
   * (the listener re-reads everything then). Events are hints: they may be lost, late or doubled.
   */
  watch(listener: EngineListener): EngineWatch;

  /**
   * Last `tail` lines of a container's stdout and stderr, to be kept: instead of the values of its secrets they have
   * their names, `[secret TOKEN]`. Throws `ContainerNotFound`.
   */
  logs(id: string, tail: number): Promise<string>;

  /**
   * A container's output line by line, also of one that has ended. With `follow`, until it ends or `signal` says so;
   * an aborted one ends without an error. Throws `ContainerNotFound`, and `EngineUnavailable` when the line breaks.
   */
  followLogs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;

  /** The named volumes of this installation's apps, by name. */
  listVolumes(): Promise<ObservedVolume[]>;

  /**
   * Removes a volume with all that is in it; gone already is success. Throws `EngineRefused` for one that any container
   * has, running or not, and for one that is not of this installation.
   */
  removeVolume(name: string): Promise<void>;
}

/** How far a pull is. */
export interface PullProgress {
  /** In the engine's words: `Downloading`, `Extracting`. */
  status: string;
  /** Of what is to be downloaded, 0 to 100; null while nobody knows how much that is. */
  percent: number | null;
}

/** A container's limits; 0 means that there is none. */
export interface Resources {
  /** In billionths of a core. */
  nanoCpus: number;
  memoryBytes: number;
}

export interface LogOptions {
  /** Only the last so many lines; without it, all. */
  tail?: number;
  /** Only lines of this time or later. */
  since?: Date;
  /** Goes on with what is printed from now on. */
  follow?: boolean;
}

export interface LogLine {
  stream: 'stdout' | 'stderr';
  /** When the engine got it, in full milliseconds. */
  time: Date;
  /** Without its end; a very long one is cut and ends in an ellipsis. */
  line: string;
}

export interface ObservedVolume {
  /** The engine's name for it. */
  name: string;
  app: string;
  /** The manifest's name for it. */
  volume: string;
  /** Whether any container has it, running or not, also one that is nobody's of ours. */
  inUse: boolean;
}

export interface EngineListener {
  onChange(app: string): void;
  onReconnect(): void;
  onDisconnect(error: Error): void;
}

export interface EngineWatch {
  close(): void;
}

export type ImagePullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface Observation {
  containers: ObservedContainer[];
  /** Whether this installation's network exists. */
  networkExists: boolean;
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/**
 * How a container's last run ended: its process ended (or was killed by the kernel), or somebody, which may have been
 * AutoServe, had the engine stop or kill it.
 */
export type EndedBy = 'itself' | 'stop' | 'kill';

/** One container of this installation as the engine shows it. */
export interface ObservedContainer {
  id: string;
  /** The name the engine shows now; differs from `identity.name` when somebody renamed it. */
  name: string;
  identity: InstanceIdentity;
  state: ContainerState;
  imageId: string;
  /** Address on this installation's network; null while it has none (not running, or disconnected). */
  ip: string | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  exitCode: number | null;
  oomKilled: boolean;
  /** Null while it runs, and when nobody watched it end. */
  endedBy: EndedBy | null;
  /** Its limits as they are now; null while it is only created, or cannot be inspected. */
  resources: Resources | null;
}

/** What AutoServe writes on a container as labels, and reads back after a restart. */
export interface InstanceIdentity {
  /** `<app>-<index>-r<revision>-<attempt>`, see `instanceName`. */
  name: string;
  app: string;
  appUid: string;
  index: number;
  revision: number;
  /** 1, 2, 3 …: counts the containers that have filled this index in this revision. */
  attempt: number;
  /** How many crashes in a row led to this container; 0 for the first one of a slot. */
  restarts: number;
  specHash: string;
  /** The journal row that created it. */
  operationId: string;
}

export interface ContainerSpec {
  identity: InstanceIdentity;
  image: string;
  /** Overrides the image's entrypoint. */
  command?: readonly string[];
  /** Overrides the image's command. */
  args?: readonly string[];
  workingDir?: string;
  user?: string;
  env: readonly ContainerEnv[];
  ports: readonly ContainerPort[];
  /** CPU limit in billionths of a core. */
  nanoCpus?: number;
  memoryBytes?: number;
  volumes: readonly ContainerVolume[];
  /** Names under which the container can be reached on the network. */
  aliases: readonly string[];
  stopGraceSeconds: number;
}

export type ContainerEnv =
  | { name: string; value: string }
  /** Read from the secrets directory when the container is created; never stored. */
  | { name: string; secret: SecretReference }
  /** The container's own address, reserved when it is created. */
  | { name: string; instance: 'ip' };

/** `<secrets directory>/<key>/<field>`, or `<secrets directory>/<key>` without a field. */
export interface SecretReference {
  key: string;
  field?: string;
}

export interface ContainerPort {
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

export interface ContainerVolume {
  /** A named volume (scoped by the engine to installation and app) or a path of the host. */
  source: { volume: string } | { hostPath: string };
  mountPath: string;
  readOnly: boolean;
}

export type EngineErrorCode =
  | 'EngineUnavailable'
  | 'EngineRefused'
  | 'ImageNotFound'
  | 'ImagePullFailed'
  | 'NameTaken'
  | 'NetworkNotFound'
  | 'ContainerNotFound'
  | 'SecretMissing'
  | 'PolicyViolation';

export class EngineError extends AutoServeError {
  declare readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(code, message, options);
    this.name = 'EngineError';
  }
}

/** The deterministic container name, by which the engine itself refuses a second creator. */
export function instanceName(app: string, index: number, revision: number, attempt: number): string {
  return `${app}-${index}-r${revision}-${attempt}`;
}

/** The engine's name for an app's volume. */
export function volumeName(installation: string, app: string, volume: string): string {
  return `autoserve-${installation}-${app}-${volume}`;
}
