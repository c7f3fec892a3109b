import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

/** The command line as users have it: what `npm run build` made. */
export const CLI = join(packageRoot, 'dist', 'src', 'cli', 'autoserve.js');

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/** A running `autoserve`, started as built, with nothing of the environment that would configure it. */
export class Autoserve {
  stdout = '';
  stderr = '';
  readonly #ended: Promise<Run>;
  readonly #child;

  constructor(args: readonly string[], { cwd = packageRoot, env = {} }: RunOptions = {}) {
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, [CLI, ...args], {
      cwd,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#ended = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Closes our end of its stdout, as `head` does. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  kill(): void {
    this.#child.kill('SIGTERM');
  }

  ended(): Promise<Run> {
    return this.#ended;
  }
}

/** Runs `autoserve` to its end. */
export function autoserve(args: readonly string[], options?: RunOptions): Promise<Run> {
  return new Autoserve(args, options).ended();
}
