import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AutoServeError } from '../../error.ts';
import { environmentOf, type Cluster } from './cluster.ts';

/** A running server: its main process, and where it listens. */
export interface Postmaster {
  pid: number;
  port: number;
  /** Whether it takes connections; otherwise it is starting or stopping. */
  ready: boolean;
}

const PID_FILE = 'postmaster.pid';
const POLL_MS = 10;
const STOP_DEADLINE_MS = 30_000;
const LOG_LINES = 5;

/** The server that runs on a cluster, whoever started it, as its `postmaster.pid` tells; undefined when none does. */
export async function findPostmaster(clusterDirectory: string): Promise<Postmaster | undefined> {
  const file = join(clusterDirectory, PID_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isPostmaster(pid, clusterDirectory)) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/**
 * Removes a `postmaster.pid` whose number is another program's by now, as after a reboot: the server itself dares so only
 * when no process of its user has the number. Where `/proc` cannot tell, nothing is removed.
 */
export async function removeStalePidFile(clusterDirectory: string): Promise<void> {
  const file = join(clusterDirectory, PID_FILE);
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10);
    const program = await readFile(`/proc/${pid}/comm`, 'utf8');
    if (program.trim() !== 'postgres') await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Starts a server of its own process group, so that neither a Ctrl-C nor a `kill -9` of ours reaches it. */
export function spawnPostmaster(cluster: Cluster, port: number): { pid: number; exited: () => boolean } {
  const log = openSync(cluster.log, 'a', 0o600);
  const child = spawn(cluster.postgres, ['-D', cluster.directory, '-p', String(port)], {
    ...environmentOf(cluster.account),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let exited = child.pid === undefined;
  child.once('exit', () => (exited = true));
  child.once('error', () => (exited = true));
  child.unref();
  return { pid: child.pid ?? 0, exited: () => exited };
}

/**
 * Waits for the server of a cluster to take connections, for as long as `isAlive` says that it lives: recovery after a
 * crash may take its time. Resolves with undefined when it has ended.
 */
export async function whenReady(cluster: Cluster, isAlive: () => boolean): Promise<Postmaster | undefined> {
  for (;;) {
    const alive = isAlive();
    const postmaster = await findPostmaster(cluster.directory);
    if (postmaster?.ready) return postmaster;
    if (!alive) return undefined;
    await pause();
  }
}

/** Stops a server: connections are closed, what is committed is on disk. Throws `EmbeddedPostgresFailed`. */
export async function stopPostmaster(pid: number, clusterDirectory: string): Promise<void> {
  signal(pid, 'SIGINT');
  const started = Date.now();
  let hurried = false;
  while (isPostmaster(pid, clusterDirectory)) {
    const elapsed = Date.now() - started;
    if (elapsed > STOP_DEADLINE_MS)
      throw new AutoServeError('EmbeddedPostgresFailed', `PostgreSQL (process ${pid}) does not stop`, {
        remedy: `kill -9 ${pid}; what is committed is safe`,
      });
    if (elapsed > STOP_DEADLINE_MS / 2 && !hurried) {
      hurried = true;
      signal(pid, 'SIGQUIT');
    }
    await pause();
  }
}

/** Whether a process is the server of a cluster; after a reboot a `postmaster.pid` may name any process. */
export function isPostmaster(pid: number, clusterDirectory: string): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(clusterDirectory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM' || code === 'ENOENT') return false;
    throw error;
  }
}

/** What the server last wrote to its log. */
export function lastLogLines(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
