import type { Readable } from 'node:stream';

/**
 * What the ingress needs of an engine: one container of its own per installation, which `Engine.observe` does not show,
 * for it is no instance of an app. Every method is one call on the engine and throws `EngineError` as `Engine` does.
 */
export interface IngressEngine {
  /** This installation's ingress container, running or not; undefined when there is none. */
  findIngress(): Promise<IngressContainer | undefined>;

  /**
   * Creates the container without starting it and returns its id. Throws `NameTaken`, `ImageNotFound`,
   * `NetworkNotFound`.
   */
  createIngress(spec: IngressSpec): Promise<string>;

  /** Running already is success. Throws `PortTaken` when somebody else has one of its addresses on the host. */
  startIngress(id: string): Promise<void>;

  /** Kills if need be and removes; gone already is success. */
  removeIngress(id: string): Promise<void>;

  /** Writes files, running or not; what has a file's path now is replaced. */
  putFiles(id: string, files: readonly IngressFile[]): Promise<void>;

  /** A file's content, its path's links followed but for a last one; undefined when it is not there. */
  readFile(id: string, path: string): Promise<string | undefined>;

  /** Runs a command in the running container to its end. */
  run(id: string, command: readonly string[]): Promise<CommandResult>;

  /**
   * What a command in the running container prints, as it comes, until it ends; returns its exit code and the last that it
   * said on stderr. The command reads `input`, which ends for it when nobody follows any more. An aborted one ends with
   * null, as soon as the engine lets it. A reader that lags holds up the command and nobody else.
   */
  stream(
    id: string,
    command: readonly string[],
    input: Readable,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, CommandResult | null, void>;

  /** Sends a signal, such as `SIGHUP`, to the container's first process. */
  signalIngress(id: string, signal: string): Promise<void>;

  /** The processes of the running container. */
  processes(id: string): Promise<IngressProcess[]>;

  /** The last lines that the container has printed, stderr too. */
  ingressOutput(id: string, tail: number): Promise<string>;

  /** Calls `onChange` whenever the state of the ingress container may have changed; a hint, as `Engine.watch` gives. */
  watchIngress(onChange: () => void): { close(): void };
}

export interface IngressContainer {
  id: string;
  running: boolean;
  imageId: string;
  /** Of `IngressSpec`, as it was created; empty when there is none. */
  settings: string;
  /** On the installation's network; null while it has none. */
  ip: string | null;
  exitCode: number | null;
}

export interface IngressSpec {
  image: string;
  /** Program and arguments, instead of the image's. */
  command: readonly string[];
  /** Kept as a label; see `IngressContainer.settings`. */
  settings: string;
  published: readonly PublishedPort[];
  /** Directories in memory, lost when the container stops. */
  memory: readonly { path: string; bytes: number }[];
  /** What asks the program to end. */
  stopSignal: string;
}

export interface PublishedPort {
  containerPort: number;
  /** Address of the host. */
  address: string;
  port: number;
}

/** Paths are absolute. A directory that exists keeps what is in it. */
export type IngressFile =
  | { path: string; content: string; mode: number }
  | { path: string; directory: true }
  | { path: string; linkTo: string };

export interface CommandResult {
  exitCode: number;
  /** Both streams, in order; of one that was streamed, what was not. */
  output: string;
}

export interface IngressProcess {
  /** On the host. */
  pid: number;
  /** With its arguments. */
  command: string;
}
