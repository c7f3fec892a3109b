import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { EngineEvents } from './engine-events.ts';
import { IMAGE } from './image.ts';
import { StatusWatch } from './status-watch.ts';

/** It shares the host with others and needs none of its ports. */
const ALONE = { AUTOSERVE_INGRESS_PORT: '0', AUTOSERVE_LISTEN: 'off' };

export interface InstallationOptions {
  /** Environment variables beside those of this process. */
  env?: Record<string, string>;
  /** A program and its arguments that run AutoServe's command line in their own way. */
  through?: readonly string[];
}

const CLI = new URL('../dist/src/cli/autoserve.js', import.meta.url).pathname;

/** A running `autoserve up`, as built, with its embedded PostgreSQL and an empty folder of manifests. */
export class Installation {
  readonly id: string;
  readonly docker: Docker;
  readonly events: EngineEvents;
  readonly #root: string;
  readonly #options: InstallationOptions;
  readonly #process: ChildProcess;

  static async start(docker: Docker, id: string, options: InstallationOptions = {}): Promise<Installation> {
    const root = await mkdtemp(join(tmpdir(), 'autoserve-bench-'));
    // The embedded PostgreSQL of root runs as another user, who must be able to enter.
    await chmod(root, 0o711);
    await mkdir(join(root, 'manifests'));
    const events = await EngineEvents.open(docker, `autoserve.io/installation=${id}`);
    const installation = new Installation(docker, id, root, events, options);
    await installation.#ready();
    return installation;
  }

  private constructor(
    docker: Docker,
    id: string,
    root: string,
    events: EngineEvents,
    options: InstallationOptions,
  ) {
    this.docker = docker;
    this.id = id;
    this.#root = root;
    this.events = events;
    this.#options = options;
    const log = openSync(join(root, 'log'), 'w');
    this.#process = this.#spawn(['up'], ['ignore', log, log]);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Puts a manifest in place by rename; returns when it was done, in milliseconds since the epoch. */
  async drop(name: string, replicas: number): Promise<number> {
    const manifest = [
      'apiVersion: v1',
      'kind: App',
      `metadata: {name: ${name}}`,
      `spec: {image: "${IMAGE}", ports: [{containerPort: 8080}]}`,
      `scaling: {mode: manual, replicas: ${replicas}, maxReplicas: 100}`,
      '',
    ].join('\n');
    return await this.put(name, manifest);
  }

  /** As `drop`, with any manifest. */
  async put(name: string, manifest: string): Promise<number> {
    const draft = join(this.#root, `${name}.draft`);
    await writeFile(draft, manifest);
    await rename(draft, join(this.#root, 'manifests', `${name}.yaml`));
    return Date.now();
  }

  /** Follows the rows of a resource as the command line shows them. */
  watch<Row>(resource: string, name: string): StatusWatch<Row> {
    const args = ['get', resource, name, '--watch', '--output', 'json'];
    return new StatusWatch<Row>(this.#spawn(args, ['ignore', 'pipe', 'inherit']));
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    this.events.close();
    const filters = { label: [`autoserve.io/installation=${this.id}`] };
    for (const { Id } of await this.docker.listContainers({ all: true, filters }))
      await this.docker.getContainer(Id).remove({ force: true });
    for (const { Id } of await this.docker.listNetworks({ filters }))
      await this.docker.getNetwork(Id).remove();
    await rm(this.#root, { recursive: true });
  }

  async log(): Promise<string> {
    return await readFile(join(this.#root, 'log'), 'utf8');
  }

  /** Waits for the line that says that manifests are being watched. */
  async #ready(): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await this.log()).includes('watching')) {
      if (this.#process.exitCode !== null || Date.now() > deadline)
        throw new Error(`autoserve did not start:\n${await this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #spawn(args: readonly string[], stdio: ('ignore' | 'pipe' | 'inherit' | number)[]): ChildProcess {
    const { env, through = [] } = this.#options;
    const flags = ['--manifests', join(this.#root, 'manifests'), '--data-dir', join(this.#root, 'data')];
    const command = [...through, process.execPath, CLI, ...flags, '--installation', this.id, ...args];
    const [program = '', ...rest] = command;
    return spawn(program, rest, { env: { ...process.env, ...ALONE, ...env }, stdio });
  }
}
