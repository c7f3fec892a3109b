import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Sightings } from './sightings.ts';

export interface Reading<Row> {
  /** When it could be read, in milliseconds since the epoch. */
  at: number;
  row: Row;
}

/** What a user reads in a terminal with `autoserve get … --watch -o json`. */
export class StatusWatch<Row> extends Sightings<Reading<Row>> {
  readonly #process: ChildProcess;

  constructor(process: ChildProcess) {
    super();
    this.#process = process;
    if (!process.stdout) throw new Error('the output of the watch must be a pipe');
    createInterface(process.stdout).on('line', (line) =>
      this.add({ at: Date.now(), row: JSON.parse(line) as Row }),
    );
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }
}
