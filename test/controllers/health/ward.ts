import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Snapshot, View } from '../../../src/control/observer.ts';
import { Outbox } from '../../../src/control/outbox.ts';
import { HealthController } from '../../../src/controllers/health/controller.ts';
import type { ObservedContainer } from '../../../src/engine/engine.ts';
import type { HealthCheck } from '../../../src/manifest/app.gen.ts';
import { MemoryDatabase } from '../../../src/store/memory/memory-database.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { StoreUnavailable, type InstanceRecord, type OperationRecord } from '../../../src/store/store.ts';
import { changes, declaration, instance } from '../../store/records.ts';
import { STARTED } from './check.ts';
import { Laboratory } from './laboratory.ts';

export const QUICK = { periodSeconds: 10, initialDelaySeconds: 0 };

/** A health controller of the application `web`, on virtual time and a database in memory. */
export class Ward {
  readonly laboratory = new Laboratory();
  readonly database = new MemoryDatabase(() => this.laboratory.clock.now(), randomUUID);
  readonly #store = new MemoryStore(this.database, {
    before: async (method) => {
      if (this.away) throw new StoreUnavailable(new Error('gone'));
      if (method !== 'writeHealth') return;
      this.writes += 1;
      if (this.refusal) throw this.refusal;
    },
  });
  readonly #outbox = new Outbox(this.#store, this.laboratory.clock, { onReturn() {}, onRefused() {} });
  /** Whether the database is away. */
  away = false;
  /** Thrown by every write of health. */
  refusal: Error | undefined;
  /** Writes of health so far. */
  writes = 0;
  /** Calls for a reconcile so far. */
  readonly changed: string[] = [];
  controller = this.#create();

  async restart(): Promise<void> {
    await this.controller.close();
    this.controller = this.#create();
  }

  async close(): Promise<void> {
    await this.controller.close();
    this.#outbox.close();
  }

  async declare(healthCheck: Partial<HealthCheck> | undefined, specHash = 'hash-1'): Promise<void> {
    const root = healthCheck ? { healthCheck } : {};
    await this.#store.applySync(changes({ applications: [declaration('web', { root, specHash })] }));
  }

  /** Writes the row of the container of an index. */
  async recordInstance(index: number): Promise<void> {
    const { identity, id } = this.container(index);
    const status = { containerName: identity.name, replicaIndex: index, containerId: id };
    await this.#store.writeStatus(
      [],
      [instance('web', { ...status, status: 'running', startedAt: STARTED })],
    );
  }

  /** The row of the container of an index. */
  row(index: number): InstanceRecord {
    const found = this.database.instances.find(({ containerId }) => containerId === `c${index}`);
    if (!found) throw new Error(`no row of c${index}`);
    return found;
  }

  container(index: number, some: Partial<ObservedContainer> = {}): ObservedContainer {
    const name = `web-${index}-r1-1`;
    return {
      id: `c${index}`,
      name,
      identity: {
        name,
        app: 'web',
        appUid: this.database.applications.get('web')?.uid ?? '',
        index,
        revision: 1,
        attempt: 1,
        restarts: 0,
        specHash: 'hash-1',
        operationId: randomUUID(),
      },
      state: 'running',
      ip: `10.0.0.${index}`,
      startedAt: STARTED,
      ...some,
    } as ObservedContainer;
  }

  /** What a pass does: follows what the database says, and these containers. */
  follow(containers: readonly ObservedContainer[], operations: readonly OperationRecord[] = []): void {
    const { applications, instances } = structuredClone({
      applications: this.database.applications,
      instances: this.database.instances,
    });
    const view: View = {
      name: 'web',
      application: applications.get('web') ?? null,
      records: instances.filter(({ removedAt }) => !removedAt),
      containers,
      leftovers: [],
      orphans: [],
      operations,
      inHand: [],
      awaited: [],
    };
    const snapshot: Snapshot = {
      networkExists: true,
      names: ['web'],
      view: () => view,
      dependents: () => [],
    };
    this.controller.follow(snapshot);
  }

  #create(): HealthController {
    return new HealthController({
      outbox: this.#outbox,
      clock: this.laboratory.clock,
      random: () => 0.5,
      logger: pino({ level: 'silent' }),
      probe: this.laboratory.probe,
      onChange: (app) => this.changed.push(app),
    });
  }
}
