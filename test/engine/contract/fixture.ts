import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import {
  EngineError,
  instanceName,
  type ContainerSpec,
  type Engine,
  type EngineErrorCode,
  type InstanceIdentity,
  type LogLine,
  type LogOptions,
  type ObservedContainer,
  type SecretReference,
} from '../../../src/engine/engine.ts';

/** The host an engine works on: what other people, and fate, do there, and what can be seen without the engine. */
export interface Host {
  /** An image on the host whose process runs until SIGTERM. */
  image: string;
  /** How many lines that process prints by itself, when it starts. */
  greeting: number;
  engine(installation: string): Engine;
  /** `docker kill`, `docker stop`. */
  kill(id: string): Promise<void>;
  stop(id: string): Promise<void>;
  /** The container's process ends, without a word to the engine. */
  crash(id: string): Promise<void>;
  /** The container's process prints a line. */
  print(id: string, stream: LogLine['stream'], line: string): Promise<void>;
  pause(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  disconnect(id: string, installation: string): Promise<void>;
  removeNetwork(installation: string): Promise<void>;
  /** A running container without labels of ours. */
  addForeign(name: string): Promise<string>;
  exists(id: string): Promise<boolean>;
  isRunning(id: string): Promise<boolean>;
  /** `NAME=value` lines. */
  environment(id: string): Promise<string[]>;
  /** Removes all that the installation made. */
  clean(installation: string): Promise<void>;
}

export const SECRET_VALUE = 'correct horse';

/** The secrets of the engines under test: there is only `db/password`. */
export async function readSecret({ key, field }: SecretReference): Promise<string> {
  if (key === 'db' && field === 'password') return SECRET_VALUE;
  throw new Error('there is no such file');
}

export function newInstallation(): string {
  return `test-${randomBytes(4).toString('hex')}`;
}

export function specOf(image: string, app: string, change: Partial<InstanceIdentity> = {}): ContainerSpec {
  const identity = {
    app,
    appUid: `uid-of-${app}`,
    index: 0,
    revision: 1,
    attempt: 1,
    restarts: 0,
    specHash: 'abc123',
    operationId: '00000000-0000-4000-8000-000000000001',
    ...change,
  };
  return {
    identity: { name: instanceName(app, identity.index, identity.revision, identity.attempt), ...identity },
    image,
    env: [],
    ports: [{ containerPort: 8080, protocol: 'tcp' }],
    volumes: [],
    aliases: [app],
    stopGraceSeconds: 5,
  };
}

async function refusal(action: Promise<unknown>): Promise<EngineError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('the call succeeded, a refusal was expected');
}

export async function expectRefusal(code: EngineErrorCode, action: Promise<unknown>): Promise<EngineError> {
  const error = await refusal(action);
  expect(error.code).to.equal(code);
  return error;
}

/** One installation on a host, made anew for each test. */
export class Fixture {
  readonly host: Host;
  installation = '';
  /** Unique on the host, where all installations share the container names. */
  app = '';
  #strangers: string[] = [];
  #installations: string[] = [];
  #engine: Engine | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  get engine(): Engine {
    if (!this.#engine) throw new Error('no test is running');
    return this.#engine;
  }

  async begin(): Promise<void> {
    this.installation = await this.addInstallation();
    this.app = `app-${this.installation}`;
    this.#engine = this.host.engine(this.installation);
  }

  async end(): Promise<void> {
    for (const id of this.#strangers.splice(0)) await this.host.remove(id);
    for (const installation of this.#installations.splice(0)) await this.host.clean(installation);
  }

  /** Another installation, with a network. */
  async addInstallation(): Promise<string> {
    const installation = newInstallation();
    this.#installations.push(installation);
    await this.host.engine(installation).createNetwork();
    return installation;
  }

  async addForeign(name: string): Promise<string> {
    const id = await this.host.addForeign(name);
    this.#strangers.push(id);
    return id;
  }

  spec(change: Partial<InstanceIdentity> = {}): ContainerSpec {
    return specOf(this.host.image, this.app, change);
  }

  async started(change: Partial<InstanceIdentity> = {}): Promise<string> {
    const id = await this.engine.createContainer(this.spec(change));
    await this.engine.startContainer(id);
    return id;
  }

  /** Reads a container's output to its end. */
  async output(id: string, options: LogOptions = {}): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for await (const line of this.engine.followLogs(id, options, new AbortController().signal))
      lines.push(line);
    return lines;
  }

  async observed(id: string): Promise<ObservedContainer | undefined> {
    return (await this.engine.observe()).containers.find((container) => container.id === id);
  }
}
