import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rm, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { eventually } from '../eventually.ts';

/** One that was killed first ends what it left. */
const START_MS = 60_000;

/**
 * A Docker Engine beside the one of this machine, which a scenario may stop, kill and start again. It has its own
 * files and, in namespaces of its own, its own mounts, bridges and firewall, so that the machine's Docker does not notice it.
 */
export class DockerDaemon {
  readonly docker: Docker;
  /** For `DOCKER_HOST`. */
  readonly host: string;
  readonly #directory = join(tmpdir(), `autoserve-scenario-docker-${randomBytes(4).toString('hex')}`);
  #exited: Promise<unknown> | undefined;

  static isPossible(): boolean {
    return process.getuid?.() === 0 && spawnSync('dockerd', ['--version']).status === 0;
  }

  constructor() {
    const socketPath = this.#path('docker.sock');
    this.docker = new Docker({ socketPath });
    this.host = `unix://${socketPath}`;
  }

  async start(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    // A killed dockerd takes its containerd along but not the file that names it.
    await rm(this.#path('exec/containerd/containerd.pid'), { force: true });
    const script = 'ip link set lo up && exec dockerd "$@"';
    const flags = Object.entries({ 'data-root': 'data', 'exec-root': 'exec', pidfile: 'pid' }).map(
      ([flag, name]) => `--${flag}=${this.#path(name)}`,
    );
    const command = [
      '--net',
      '--mount',
      '--fork',
      'sh',
      '-c',
      script,
      'dockerd',
      `--host=${this.host}`,
      ...flags,
    ];
    const log = openSync(this.#path('log'), 'a');
    const daemon = spawn('unshare', command, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#exited = once(daemon, 'exit');
    await eventually(async () => await this.docker.ping(), START_MS);
  }

  /** A program and its arguments that run a command where this daemon's networks can be reached. */
  get through(): string[] {
    return ['nsenter', `--target=${this.#pid}`, '--net'];
  }

  /** Ends the daemon: by SIGTERM it ends its containers first. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    process.kill(this.#pid, signal);
    await this.#exited;
    this.#exited = undefined;
  }

  async dispose(): Promise<void> {
    if (this.#exited && existsSync(this.#path('pid'))) await this.end('SIGTERM');
    await this.#endShims();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** A daemon that was killed in the middle of a start may leave one behind that no daemon knows of. */
  async #endShims(): Promise<void> {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.includes('containerd-shim') && command.includes(this.#directory))
        process.kill(Number(pid), 'SIGKILL');
    }
  }

  get #pid(): number {
    return Number(readFileSync(this.#path('pid'), 'utf8'));
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}
