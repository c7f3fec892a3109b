/** The demo's installation: where it keeps its things, and the AutoServe that runs it in the background. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export const ROOT = dirname(import.meta.dirname);
/** Tests of the demo run one of their own. */
export const INSTALLATION = process.env['DEMO_INSTALLATION'] ?? 'demo';
export const MANIFESTS = process.env['DEMO_MANIFESTS'] ?? join(ROOT, 'manifests');
/** PostgreSQL does not run as root, and other accounts cannot enter root's home, where the clone may be. */
export const DATA_DIR =
  process.getuid?.() === 0 ? `/var/lib/autoserve-${INSTALLATION}` : join(ROOT, '.autoserve', INSTALLATION);
export const CLI = join(ROOT, 'dist/src/cli/autoserve.js');
export const LOG = join(DATA_DIR, 'demo.log');

const PID_FILE = join(DATA_DIR, 'demo.pid');
const STOP_DEADLINE_MS = 30_000;

/** On 127.0.0.1. */
export interface DemoPorts {
  ingress: number;
  /** For `/metrics`. */
  listen: number;
}

/** Starts AutoServe in a process group of its own, with its output in `LOG`; it outlives the caller. */
export function startAutoServe(ports: DemoPorts, ingressImage: string): ChildProcess {
  const log = openSync(LOG, 'a');
  const flags = ['--manifests', MANIFESTS, '--data-dir', DATA_DIR, '--installation', INSTALLATION];
  const ingress = ['--ingress-address', '127.0.0.1', '--ingress-port', String(ports.ingress)];
  const others = ['--ingress-image', ingressImage, '--listen', `127.0.0.1:${ports.listen}`];
  const child = spawn(process.execPath, [CLI, 'up', ...flags, ...ingress, ...others], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  writeFileSync(PID_FILE, String(child.pid));
  return child;
}

/** The process id of the AutoServe that `startAutoServe` left in the background, while it lives. */
export function runningAutoServe(): number | undefined {
  const pid = readPid(PID_FILE);
  return pid !== undefined && commandOf(pid).includes(CLI) ? pid : undefined;
}

/** Stops the AutoServe in the background; its containers live on. */
export async function stopAutoServe(): Promise<void> {
  const pid = runningAutoServe();
  if (pid !== undefined) await stop(pid, 'SIGTERM');
  rmSync(PID_FILE, { force: true });
}

/** Stops the PostgreSQL that a killed AutoServe may have left over. */
export async function stopPostgres(): Promise<void> {
  for (const path of readdirSync(DATA_DIR, { recursive: true, encoding: 'utf8' })) {
    if (basename(path) !== 'postmaster.pid') continue;
    const file = join(DATA_DIR, path);
    const pid = readPid(file);
    if (pid !== undefined && commandOf(pid).includes(dirname(file))) await stop(pid, 'SIGINT');
  }
}

async function stop(pid: number, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal);
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (commandOf(pid) !== '') {
    if (Date.now() > deadline) throw new Error(`process ${pid} does not stop: see ${LOG}`);
    await setTimeout(50);
  }
}

/** The process id that a file begins with. */
function readPid(path: string): number | undefined {
  const pid = Number.parseInt(readIfThere(path), 10);
  return pid > 0 ? pid : undefined;
}

/** The command line of a process; empty when it has ended. */
function commandOf(pid: number): string {
  if (process.platform === 'linux') return readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ESRCH: the process ended while it was being read about.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return '';
    throw error;
  }
}
