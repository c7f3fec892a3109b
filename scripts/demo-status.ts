/** What the demo shows: the apps and instances as `autoserve get` reports them, and the table made of them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CLI, DATA_DIR } from './demo-installation.ts';

/** Columns of `applications` and `instances`, of which `autoserve get -o json` shows more. */
export interface AppRow {
  name: string;
  status: string;
  replicas: number;
  desired_replicas: number;
}

export interface InstanceRow {
  app_name: string;
  container_name: string;
  status: string;
  ip: string | null;
  port: number | null;
}

export const readApps = (): Promise<AppRow[]> => get('apps');
export const readInstances = (): Promise<InstanceRow[]> => get('instances');

/** Throws with what the command printed while the database does not answer yet. */
async function get<Row>(what: string): Promise<Row[]> {
  const env = { ...process.env, AUTOSERVE_DATA_DIR: DATA_DIR };
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'get', what, '-o', 'json'], { env });
  const rows: Row[] = JSON.parse(stdout);
  return rows;
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
      const up = this.#shown.length > 0 ? `\u001B[${this.#shown.length}A` : '';
      process.stdout.write(up + lines.map((line) => `\u001B[2K${line}\n`).join(''));
    } else {
      for (const line of lines) if (!this.#shown.includes(line)) console.log(line);
    }
    this.#shown = lines;
  }
}
