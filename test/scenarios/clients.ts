import { get } from 'node:http';
import pg from 'pg';
import type { Installation } from './installation.ts';

interface Target {
  id: string;
  ip: string;
  port: number;
}

export interface FailedRequest {
  containerId: string;
  reason: string;
  at: Date;
}

const CLIENTS = 10;
const LONGEST_REQUEST_MS = 400;
const LONGEST_WAIT_MS = 5_000;

/** Clients of an app that do as an ingress does: they ask only instances that the database shows in service. */
export class Clients {
  readonly failed: FailedRequest[] = [];
  served = 0;
  readonly #app: string;
  readonly #database: pg.Client;
  #targets: Target[] = [];
  #stale = false;
  #looking = false;
  #stopped = false;
  #loops: Promise<unknown> = Promise.resolve();

  static async start(installation: Installation, app: string): Promise<Clients> {
    const database = new pg.Client({ connectionString: await installation.databaseUrl() });
    await database.connect();
    const clients = new Clients(app, database);
    await clients.#follow();
    return clients;
  }

  private constructor(app: string, database: pg.Client) {
    this.#app = app;
    this.#database = database;
  }

  /** Lets the requests in hand end. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#loops;
    await this.#database.end();
  }

  async #follow(): Promise<void> {
    this.#database.on('notification', ({ payload = '{}' }) => {
      const { table, app_name: app } = JSON.parse(payload) as { table: string; app_name: string };
      if (table === 'instances' && app === this.#app && !this.#stopped) void this.#look();
    });
    await this.#database.query('LISTEN autoserve');
    await this.#look();
    this.#loops = Promise.all(Array.from({ length: CLIENTS }, async () => await this.#ask()));
  }

  /** One look at a time; what happens meanwhile leads to another one. */
  async #look(): Promise<void> {
    this.#stale = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#stale) {
      this.#stale = false;
      this.#targets = await this.#inService();
    }
    this.#looking = false;
  }

  async #inService(): Promise<Target[]> {
    const { rows } = await this.#database.query<Target>(
      `SELECT container_id AS id, ip, port FROM instance_status
       WHERE app_name = $1 AND status = 'running' AND health_status = 'healthy'`,
      [this.#app],
    );
    return rows;
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      const target = this.#targets[Math.floor(Math.random() * this.#targets.length)];
      if (!target) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      const reason = await request(target);
      if (reason === null) this.served += 1;
      else this.failed.push({ containerId: target.id, reason, at: new Date() });
    }
  }
}

/** Asks for something that takes a while; returns why it failed, null when it did not. */
async function request({ ip: host, port }: Target): Promise<string | null> {
  const path = `/sleep?ms=${Math.floor(Math.random() * LONGEST_REQUEST_MS)}`;
  return await new Promise((resolve) => {
    // One whose connection nobody closed: the container was killed, and its network with it.
    const timeout = AbortSignal.timeout(LONGEST_WAIT_MS);
    get({ host, port, path, agent: false, signal: timeout }, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode === 200 ? null : String(reply.statusCode)));
      reply.on('error', (error) => resolve(error.message));
    }).on('error', (error) => resolve(error.message));
  });
}
