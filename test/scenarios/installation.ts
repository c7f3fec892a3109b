import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import pg from 'pg';
import { packageRoot } from '../../src/package-root.ts';
import { embeddedUrl } from '../../src/store/embedded/address.ts';
import { clean } from '../engine/docker/host.ts';
import { eventually } from '../eventually.ts';
import { Containers } from './containers.ts';
import { postmasterPid } from './postmaster.ts';

const CLI = join(packageRoot, 'dist/src/cli/autoserve.js');
const LOG_TAIL = 60;

export interface InstallationOptions {
  docker?: Docker;
  /** Environment variables beside those of this process. */
  env?: Record<string, string>;
  /** The server to use instead of an embedded one. */
  databaseUrl?: string;
  /** What the command line of AutoServe is begun with: another program that runs it. */
  through?: string[];
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** AutoServe as built, on a folder, a data directory and an installation id of its own. */
export class Installation {
  readonly id = `test-${randomBytes(4).toString('hex')}`;
  readonly docker: Docker;
  readonly containers: Containers;
  readonly #options: InstallationOptions;
  #root = '';
  #process: ChildProcess | undefined;

  constructor(options: InstallationOptions = {}) {
    this.#options = options;
    this.docker = options.docker ?? new Docker();
    this.containers = new Containers(this.docker, this.id);
  }

  /** Makes the folders. */
  async create(): Promise<void> {
    if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`);
    this.#root = await mkdtemp(join(tmpdir(), 'autoserve-scenario-'));
    await mkdir(this.manifests);
  }

  get manifests(): string {
    return join(this.#root, 'manifests');
  }

  get dataDir(): string {
    return join(this.#root, 'data');
  }

  /** Everything that AutoServe wrote to its log so far. */
  get log(): string {
    return readFileSync(join(this.#root, 'log'), 'utf8');
  }

  /** A name for an app that no other installation on this Docker uses. */
  nameOf(app: string): string {
    return `${app}-${this.id.slice('test-'.length)}`;
  }

  /** Starts `autoserve up` and waits until it watches the folder. */
  async start(): Promise<void> {
    const log = openSync(join(this.#root, 'log'), 'a');
    const before = this.log.length;
    const [program = '', ...args] = [...this.#command(), 'up'];
    const child = spawn(program, args, { env: this.#env(), stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    await eventually(() => {
      if (this.log.slice(before).includes('"msg":"watching"')) return;
      throw new Error(child.exitCode === null ? 'autoserve is not up yet' : 'autoserve ended at once');
    }, 60_000);
  }

  /** Ends AutoServe and returns its exit code; null when it was killed. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#process;
    if (!child) return null;
    const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill(signal);
    await exit;
    this.#process = undefined;
    return child.exitCode;
  }

  /** Runs the command line beside what `start` started. */
  async cli(...args: string[]): Promise<Ended> {
    const [program = '', ...before] = this.#command();
    const child = spawn(program, [...before, ...args], { env: this.#env(), stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = { code: null as number | null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.stderr += chunk.toString()));
    await once(child, 'close');
    return { ...ended, code: child.exitCode };
  }

  /** Puts a file in place at once, by rename; `path` is relative to the root, such as `manifests/web.yaml`. */
  async put(path: string, content: string | Uint8Array): Promise<void> {
    const draft = join(this.#root, `draft-${randomBytes(4).toString('hex')}`);
    await writeFile(draft, content);
    await mkdir(dirname(join(this.#root, path)), { recursive: true });
    await rename(draft, join(this.#root, path));
  }

  /** Removes files of the manifest folder at once. */
  async remove(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(join(this.manifests, name))));
  }

  /** The rows of a query on AutoServe's database. */
  async query<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    const connectionString = this.#options.databaseUrl ?? (await embeddedUrl(this.dataDir));
    const client = new pg.Client({ connectionString });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<T>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The end of the log, for whoever reads a failure. */
  async logTail(): Promise<string> {
    const text = await readFile(join(this.#root, 'log'), 'utf8');
    return text.trimEnd().split('\n').slice(-LOG_TAIL).join('\n');
  }

  /** Ends AutoServe and leaves nothing behind. */
  async dispose(): Promise<void> {
    await this.end('SIGTERM');
    await clean(this.docker, this.id);
    const postmaster = await postmasterPid(this.dataDir);
    if (postmaster !== undefined) await stopProcess(postmaster);
    await rm(this.#root, { recursive: true, force: true });
  }

  #command(): string[] {
    const { through = [], databaseUrl } = this.#options;
    const flags = ['--manifests', this.manifests, '--data-dir', this.dataDir, '--installation', this.id];
    const database = databaseUrl === undefined ? [] : ['--database-url', databaseUrl];
    return [...through, process.execPath, CLI, ...flags, ...database];
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#options.env };
  }
}
