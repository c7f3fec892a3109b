import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import pg from 'pg';
import { embeddedUrl } from '../../src/store/embedded/address.ts';
import { stopPostmaster } from '../../src/store/embedded/postmaster.ts';
import { CLI } from '../cli/run.ts';
import { clean } from '../engine/docker/host.ts';
import { eventually } from '../eventually.ts';
import { Containers } from './containers.ts';
import { postmasterOf } from './postmaster.ts';

/** Installations of tests that run at a time share no port. */
export const ALONE = { AUTOSERVE_INGRESS_PORT: '0', AUTOSERVE_LISTEN: 'off' };
/** Connections for what is asked again and again. */
const KEPT_MS = 2_000;

export interface InstallationOptions {
  docker?: Docker;
  /** Environment variables beside those of this process. */
  env?: Record<string, string>;
  /** The server to use instead of an embedded one. */
  databaseUrl?: string;
  /** A program and its arguments that run AutoServe's command line in their own way. */
  through?: readonly string[];
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command that was started: what it printed so far, and how it ends. */
export interface Command {
  readonly printed: Ended;
  readonly ended: Promise<Ended>;
  /** Ends it as Ctrl-C does. */
  interrupt(): Promise<Ended>;
}

/** AutoServe as built, with a folder, a data directory and an installation id of its own. */
export class Installation {
  readonly id = `test-${randomBytes(4).toString('hex')}`;
  readonly docker: Docker;
  readonly containers: Containers;
  readonly options: InstallationOptions;
  #root = '';
  #process: ChildProcess | undefined;
  #database: pg.Pool | undefined;

  constructor(options: InstallationOptions = {}) {
    this.options = options;
    this.docker = options.docker ?? new Docker();
    this.containers = new Containers(this.docker, this.id);
  }

  get manifests(): string {
    return join(this.#root, 'manifests');
  }

  get dataDir(): string {
    return join(this.#root, 'data');
  }

  /** Everything that AutoServe logged so far. */
  get log(): string {
    return readFileSync(join(this.#root, 'log'), 'utf8');
  }

  /** A name for an app that no other installation on this Docker uses. */
  nameOf(app: string): string {
    return `${app}-${this.id.slice('test-'.length)}`;
  }

  /** Makes the folders. */
  async create(): Promise<void> {
    if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`);
    this.#root = await mkdtemp(join(tmpdir(), 'autoserve-scenario-'));
    // The embedded PostgreSQL does not run as root, and passes through here.
    await chmod(this.#root, 0o711);
    await mkdir(this.manifests);
  }

  /** Starts `autoserve up` and waits until it watches the folder. */
  async start(...flags: string[]): Promise<void> {
    const log = openSync(join(this.#root, 'log'), 'a');
    const before = this.log.length;
    const child = this.#spawn(['up', ...flags], ['ignore', log, log]);
    closeSync(log);
    this.#process = child;
    await eventually(() => {
      const said = this.log.slice(before);
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (!ended && !said.includes('"msg":"watching')) throw new Error(`autoserve is not up:\n${said}`);
    }, 60_000);
    if (child.exitCode !== null) throw new Error(`autoserve ended at once:\n${this.log.slice(before)}`);
  }

  /** Ends AutoServe and returns its exit code; null when a signal ended it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#process;
    if (!child) return null;
    const exited = child.exitCode !== null || child.signalCode !== null || once(child, 'exit');
    child.kill(signal);
    await exited;
    this.#process = undefined;
    return child.exitCode;
  }

  /** Runs another command of the command line to its end. */
  async cli(...args: string[]): Promise<Ended> {
    return await this.begin(...args).ended;
  }

  /** Starts another command of the command line. */
  begin(...args: string[]): Command {
    const child = this.#spawn(args, ['ignore', 'pipe', 'pipe']);
    const printed: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
    const ended = once(child, 'close').then(() => Object.assign(printed, { code: child.exitCode }));
    const interrupt = async (): Promise<Ended> => {
      child.kill('SIGINT');
      return await ended;
    };
    return { printed, ended, interrupt };
  }

  /** Puts a file of the manifest folder in place at once, by rename. */
  async put(name: string, content: string | Uint8Array): Promise<void> {
    await this.#put(join(this.manifests, name), content);
  }

  async putSecret(key: string, field: string, value: string): Promise<void> {
    await this.#put(join(this.dataDir, 'secrets', key, field), value);
  }

  /** Removes files of the manifest folder. */
  async remove(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(join(this.manifests, name))));
  }

  /** Where AutoServe's database is. */
  async databaseUrl(): Promise<string> {
    return this.options.databaseUrl ?? (await embeddedUrl(this.dataDir));
  }

  /** The rows of a query on AutoServe's database. */
  async query<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    const url = await this.databaseUrl();
    if (this.#database?.options.connectionString !== url) {
      await this.#database?.end();
      this.#database = new pg.Pool({ connectionString: url, max: 4, idleTimeoutMillis: KEPT_MS });
      // It forgets a connection that ends; whoever asks next gets another one.
      this.#database.on('error', () => {});
    }
    return (await this.#database.query<T>(sql, values)).rows;
  }

  /** Ends AutoServe and leaves nothing behind. */
  async dispose(): Promise<void> {
    await this.end('SIGTERM');
    await this.#database?.end();
    const postmaster = await postmasterOf(this.dataDir);
    if (postmaster) await stopPostmaster(postmaster.pid, postmaster.directory);
    await rm(this.#root, { recursive: true, force: true });
    await clean(this.docker, this.id);
  }

  async #put(path: string, content: string | Uint8Array): Promise<void> {
    const draft = join(this.#root, `draft-${randomBytes(4).toString('hex')}`);
    await writeFile(draft, content);
    await mkdir(dirname(path), { recursive: true });
    await rename(draft, path);
  }

  #spawn(args: readonly string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    const { through = [], databaseUrl, env } = this.options;
    const flags = ['--manifests', this.manifests, '--data-dir', this.dataDir, '--installation', this.id];
    if (databaseUrl !== undefined) flags.push('--database-url', databaseUrl);
    const [program, ...rest] = [...through, process.execPath, CLI, ...flags, ...args];
    return spawn(program ?? '', rest, { env: { ...process.env, ...ALONE, ...env }, stdio });
  }
}
