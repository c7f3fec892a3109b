import { expect } from 'chai';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rollout } from '../../src/controllers/rollout/rollout.ts';
import { specHash } from '../../src/manifest/hash.ts';
import { Database } from '../../src/store/database.ts';
import { EmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { InstallationLock } from '../../src/store/installation-lock.ts';
import { migrate } from '../../src/store/migrate.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Condition, InstanceStatus, NewEvent } from '../../src/store/store.ts';
import { appOf } from '../manifest/app.ts';
import { changes, manifestRecord } from '../store/records.ts';
import { autoserve, Autoserve, type Run } from './run.ts';

/** A data directory with its embedded PostgreSQL, written as a running AutoServe writes it. */
/** What a command prints without how long ago anything was, which depends on how long the commands before took. */
export function ageless(text: string): string {
  return text.replaceAll(/\b(?:(?:\d+m)?\d+s|\d+m)\b/g, 'Ns');
}

export class SeededDatabase {
  dataDir = '';
  #postgres: EmbeddedPostgres | undefined;
  #database: Database | undefined;
  #lock: InstallationLock | undefined;

  /** Starts the server on a database without tables. */
  async start(): Promise<void> {
    this.dataDir = await mkdtemp(join(tmpdir(), 'autoserve-cli-'));
    // The server does not run as root, and passes through here.
    await chmod(this.dataDir, 0o711);
    this.#postgres = await EmbeddedPostgres.start(this.dataDir, () => undefined);
    this.#database = new Database(this.url);
  }

  async stop(): Promise<void> {
    await this.endActing();
    await this.#database?.close();
    await this.#postgres?.stop();
    await rm(this.dataDir, { recursive: true });
  }

  get url(): string {
    return this.#postgres?.url ?? '';
  }

  get database(): Database {
    if (!this.#database) throw new Error('the database is not started');
    return this.#database;
  }

  get store(): PostgresStore {
    return new PostgresStore(this.database);
  }

  async migrate(): Promise<void> {
    await migrate(this.url);
    await this.beginActing();
  }

  /** From now on an AutoServe runs, as far as the database can tell. */
  async beginActing(): Promise<void> {
    this.#lock = await InstallationLock.take(this.url, 'seeded', () => undefined);
  }

  async endActing(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Runs a command on this data directory to its end. */
  async run(...args: string[]): Promise<Run> {
    return await autoserve([...args, '--data-dir', this.dataDir]);
  }

  /** What a command prints that succeeds without a complaint, without what depends on the clock. */
  async said(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return `\n${stdout}`
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
      .replaceAll(/\b(?:(?:\d+m)?\d+s|\d+m) ago/g, 'N ago');
  }

  /** What a command complains of that fails and prints nothing. */
  async refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    return stderr;
  }

  /** Starts a command on this data directory. */
  begin(...args: string[]): Autoserve {
    return new Autoserve([...args, '--data-dir', this.dataDir]);
  }

  /** Declares an app as a sync does, with so many replicas or a policy, and returns its uid. */
  async declare(name: string, count: number | Record<string, unknown>, image = 'web:1'): Promise<string> {
    const scaling = typeof count === 'number' ? { mode: 'manual', replicas: count } : count;
    const manifest = appOf({ image, ports: [{ containerPort: 80 }] }, { metadata: { name }, scaling });
    const path = `${name}.yaml`;
    await this.store.applySync(
      changes({
        applications: [
          { manifest, specHash: specHash(manifest, {}), sourcePath: path, sourceRevision: '4f2a91c07d' },
        ],
        manifests: [manifestRecord(path, { apps: [name] })],
      }),
    );
    const { applications } = await this.store.loadWorld();
    return applications.find((application) => application.name === name)?.uid ?? '';
  }

  /** Writes an app's status as the controller does. */
  async report(
    name: string,
    uid: string,
    replicas: number,
    conditions: Condition[],
    rollout: Rollout | null = null,
  ): Promise<void> {
    await this.store.writeStatus(
      [
        {
          name,
          uid,
          observedGeneration: 1,
          status: replicas === 2 ? 'running' : 'starting',
          replicas,
          desiredReplicas: 2,
          conditions,
          rollout,
          retries: 0,
        },
      ],
      [],
    );
  }
}

export const condition = (
  type: Condition['type'],
  ok: boolean,
  reason: string,
  message: string,
): Condition => ({
  type,
  status: ok ? 'True' : 'False',
  reason,
  message,
  lastTransitionTime: new Date().toISOString(),
});

export const instance = (
  appName: string,
  index: number,
  some: Partial<InstanceStatus> = {},
): InstanceStatus => ({
  appName,
  containerName: `${appName}-${index}-r1-1`,
  containerId: null,
  replicaIndex: index,
  revision: 1,
  attempt: 1,
  restarts: 0,
  specHash: 'h',
  imageId: null,
  ip: null,
  port: 80,
  status: 'running',
  drainingSince: null,
  startedAt: new Date(),
  finishedAt: null,
  exitCode: null,
  oomKilled: false,
  removedAt: null,
  ...some,
});

export const event = (appName: string, reason: string, message: string): NewEvent => ({
  eventType: 'health',
  eventCategory: 'application',
  reason,
  appName,
  appUid: null,
  containerId: null,
  message,
  details: null,
  severity: 'warning',
  timestamp: new Date(),
  source: 'controller',
});
