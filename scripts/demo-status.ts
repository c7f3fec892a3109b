/** What the demo shows: the apps and instances as `autoserve` reports them, and the table made of them. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { App } from '../src/manifest/app.gen.ts';
import { CLI, DATA_DIR } from './demo-installation.ts';

/** Columns of `applications` and `instances`, of which `autoserve get -o json` shows more. */
export interface AppRow {
  name: string;
  status: string;
  replicas: number;
  desired_replicas: number;
  /** The manifest, defaults and all. */
  spec: App;
}

export interface InstanceRow {
  app_name: string;
  container_name: string;
  status: string;
  ip: string | null;
  port: number | null;
}

export interface EventRow {
  timestamp: string;
  /** What of AutoServe tells it. */
  source: string;
  message: string;
}

const env = { ...process.env, AUTOSERVE_DATA_DIR: DATA_DIR };

export const readApps = (): Promise<AppRow[]> => get('apps');
export const readInstances = (): Promise<InstanceRow[]> => get('instances');

/** Throws with what the command printed while the database does not answer yet. */
async function get<Row>(what: string): Promise<Row[]> {
  const rows: Row[] = JSON.parse(await print('get', what, '-o', 'json'));
  return rows;
}

/** What a command of AutoServe's prints. Throws with its complaint when it fails. */
export async function print(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [CLI, ...args], { env })).stdout;
}

/** Calls back with an app now and whenever it changes, until `signal`. */
export function followApp(name: string, signal: AbortSignal, onApp: (app: AppRow) => void): void {
  follow(['get', 'app', name, '--watch'], signal, (line) => onApp(JSON.parse(line)));
}

/** Calls back with an app's last events and each new one, until `signal`. */
export function followEvents(name: string, signal: AbortSignal, onEvent: (event: EventRow) => void): void {
  follow(['events', '--follow', '--app', name], signal, (line) => onEvent(JSON.parse(line)));
}

function follow(args: string[], signal: AbortSignal, onLine: (line: string) => void): void {
  const command = [CLI, ...args, '-o', 'json'];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', onLine);
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
}

export function runs(app: AppRow): boolean {
  return app.status === 'running' && app.replicas >= app.desired_replicas;
}

/** One line for each name, in order, for apps that are not there yet too. */
export function tableLines(names: readonly string[], apps: readonly AppRow[]): string[] {
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => {
    const app = apps.find((row) => row.name === name);
    const ready = app ? `${app.replicas}/${app.desired_replicas}` : '-';
    return `  ${name.padEnd(width)}  ${ready.padStart(5)}  ${app?.status ?? 'waiting'}`;
  });
}

/** A table that redraws itself in place on a terminal; elsewhere it prints each line that changed. */
export class LiveTable {
  #shown: string[] = [];

  show(lines: string[]): void {
    if (process.stdout.isTTY) {
      process.stdout.write(this.#up() + lines.map((line) => `\u001B[2K${line}\n`).join(''));
    } else {
      for (const line of lines) if (!this.#shown.includes(line)) console.log(line);
    }
    this.#shown = lines;
  }

  /** Prints a line that stays, above the table. */
  note(line: string): void {
    if (!process.stdout.isTTY) return console.log(line);
    const table = this.#shown.map((shown) => `${shown}\n`).join('');
    process.stdout.write(`${this.#up()}\u001B[J${line}\n${table}`);
  }

  #up(): string {
    return this.#shown.length > 0 ? `\u001B[${this.#shown.length}A` : '';
  }
}
