import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';

/** A PostgreSQL server that a scenario may stop and start again; its URL stays the same. */
export class DatabaseServer {
  readonly #directory = join(tmpdir(), `autoserve-scenario-postgres-${randomBytes(4).toString('hex')}`);
  #server: EmbeddedPostgres | undefined;
  #url = '';

  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    this.#server = await EmbeddedPostgres.start(this.#directory, (message) => {
      throw new Error(message);
    });
    if (this.#url !== '' && this.#url !== this.#server.url) throw new Error('the port was taken meanwhile');
    this.#url = this.#server.url;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
