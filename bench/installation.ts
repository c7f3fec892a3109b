import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { EngineEvents } from './engine-events.ts';
import { IMAGE } from './image.ts';

const CLI = new URL('../dist/src/cli/autoserve.js', import.meta.url).pathname;

/** A running `autoserve up`, as built, with its embedded PostgreSQL and an empty folder of manifests. */
export class Installation {
  readonly id: string;
  readonly docker: Docker;
  readonly events: EngineEvents;
  readonly #root: string;
  readonly #process: ChildProcess;

  static async start(docker: Docker, id: string): Promise<Installation> {
    const root = await mkdtemp(join(tmpdir(), 'autoserve-bench-'));
    // The embedded PostgreSQL of root runs as another user, who must be able to enter.
    await chmod(root, 0o711);
    await mkdir(join(root, 'manifests'));
    const events = await EngineEvents.open(docker, `autoserve.io/installation=${id}`);
    const flags = [
      '--manifests',
      join(root, 'manifests'),
      '--data-dir',
      join(root, 'data'),
      '--installation',
      id,
    ];
    const log = openSync(join(root, 'log'), 'w');
    const child = spawn(process.execPath, [CLI, 'up', ...flags], { stdio: ['ignore', log, log] });
    const installation = new Installation(docker, id, root, child, events);
    await installation.#ready();
    return installation;
  }

  private constructor(docker: Docker, id: string, root: string, child: ChildProcess, events: EngineEvents) {
    this.docker = docker;
    this.id = id;
    this.#root = root;
    this.#process = child;
    this.events = events;
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
    const draft = join(this.#root, `${name}.draft`);
    await writeFile(draft, manifest);
    await rename(draft, join(this.#root, 'manifests', `${name}.yaml`));
    return Date.now();
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
}
