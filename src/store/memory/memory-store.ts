import type { Capsule } from '../failure.ts';
import type { InstanceHealth } from '../instance-health.ts';
import type { PullNotice } from '../pull-notice.ts';
import type { RevisionImage } from '../revision-image.ts';
import type {
  ApplicationStatus,
  InstanceStatus,
  ManifestRecord,
  NewEvent,
  NewOperation,
  OperationClosure,
  RollBack,
  Store,
  SyncChanges,
  World,
} from '../store.ts';
import type { LedgerEntry } from '../../controllers/scaling/ledger.ts';
import { scaled } from '../scaling.ts';
import { declareApplications, requestDeletions, rollBack, writeApplicationStatus } from './applications.ts';
import { recordFailure } from './failures.ts';
import { upsertInstances, writeHealth } from './instances.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { recordImage } from './revisions.ts';

export type StoreMethod = keyof Store;

/**
 * What may go wrong with a call. Either may throw (`StoreUnavailable`, say), so that the call fails without its effect or
 * with it, the reply lost; or never settle, so that the caller is as good as killed there.
 */
export interface StoreFaults {
  before?(method: StoreMethod): Promise<void>;
  after?(method: StoreMethod): Promise<void>;
}

/** The store in memory, for simulations: a client of a `MemoryDatabase`, whose semantics are those of PostgreSQL. */
export class MemoryStore implements Store {
  readonly #database: MemoryDatabase;
  readonly #faults: StoreFaults;

  constructor(database: MemoryDatabase, faults: StoreFaults = {}) {
    this.#database = database;
    this.#faults = faults;
  }

  loadWorld(): Promise<World> {
    return this.#call('loadWorld', ({ applications, instances, operations }) => ({
      applications: [...applications.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      instances: instances.filter(({ removedAt }) => !removedAt),
      openOperations: [...operations.values()].flatMap(({ record, closure }) => (closure ? [] : [record])),
    }));
  }

  loadManifests(): Promise<ManifestRecord[]> {
    return this.#call('loadManifests', ({ manifests }) =>
      [...manifests.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    );
  }

  applySync(changes: SyncChanges): Promise<string[]> {
    return this.#call('applySync', (database) => {
      const requested = requestDeletions(database, changes.deletions);
      const declared = declareApplications(database, changes.applications);
      for (const manifest of changes.manifests)
        database.manifests.set(manifest.path, structuredClone(manifest));
      for (const path of changes.removedManifests) database.manifests.delete(path);
      database.events.push(...structuredClone(changes.events));
      return [...new Set([...declared, ...requested])];
    });
  }

  openOperations(operations: readonly NewOperation[], instances: readonly InstanceStatus[]): Promise<void> {
    return this.#call('openOperations', (database) => {
      upsertInstances(database, instances);
      const startedAt = database.now();
      for (const operation of operations)
        if (!database.operations.has(operation.id))
          database.operations.set(operation.id, { record: { ...operation, startedAt }, closure: null });
    });
  }

  closeOperations(closures: readonly OperationClosure[]): Promise<void> {
    return this.#call('closeOperations', ({ operations }) => {
      for (const closure of closures) {
        const row = operations.get(closure.id);
        if (row && !row.closure) row.closure = { ...closure };
      }
    });
  }

  writeStatus(
    applications: readonly ApplicationStatus[],
    instances: readonly InstanceStatus[],
  ): Promise<void> {
    return this.#call('writeStatus', (database) => {
      upsertInstances(database, instances);
      writeApplicationStatus(database, applications);
    });
  }

  markRemoved(containerIds: readonly string[], removedAt: Date): Promise<void> {
    return this.#call('markRemoved', ({ instances, now }) => {
      const ids = new Set(containerIds);
      for (const row of instances)
        if (!row.removedAt && row.containerId !== null && ids.has(row.containerId))
          Object.assign(row, { status: 'stopped', removedAt, updatedAt: now() });
    });
  }

  writeHealth(health: readonly InstanceHealth[]): Promise<string[]> {
    return this.#call('writeHealth', (database) => writeHealth(database, health));
  }

  rollBack(back: RollBack): Promise<void> {
    return this.#call('rollBack', (database) => rollBack(database, back));
  }

  recordScaling(entries: readonly LedgerEntry[]): Promise<void> {
    return this.#call('recordScaling', (database) => {
      for (const entry of entries) {
        database.scalingDecisions.push(structuredClone(entry));
        const app = database.applications.get(entry.appName);
        if (entry.decision === 'hold' || app?.uid !== entry.appUid || app.manifest.scaling.mode !== 'auto')
          continue;
        if (app.scaledReplicas === entry.desiredReplicas) continue;
        Object.assign(app, { scaledReplicas: entry.desiredReplicas, updatedAt: database.now() });
        database.events.push(scaled(entry));
      }
    });
  }

  recordImage(image: RevisionImage): Promise<void> {
    return this.#call('recordImage', (database) => recordImage(database, image));
  }

  announce(notice: PullNotice): Promise<void> {
    return this.#call('announce', ({ notices }) => void notices.push({ ...notice }));
  }

  recordFailure(capsule: Capsule): Promise<void> {
    return this.#call('recordFailure', (database) => recordFailure(database, capsule));
  }

  appendEvents(events: readonly NewEvent[]): Promise<void> {
    return this.#call('appendEvents', (database) => {
      database.events.push(...structuredClone(events));
    });
  }

  deleteApplication(name: string, uid: string, event: NewEvent): Promise<void> {
    return this.#call('deleteApplication', (database) => {
      const app = database.applications.get(name);
      if (app?.uid !== uid || !app.deletionRequestedAt) return;
      database.applications.delete(name);
      database.instances = database.instances.filter(({ appName }) => appName !== name);
      database.events.push(structuredClone(event));
    });
  }

  deletedUids(uids: readonly string[]): Promise<Set<string>> {
    return this.#call('deletedUids', ({ events }) => {
      const deleted = events.filter(({ reason }) => reason === 'ApplicationDeleted');
      return new Set(uids.filter((uid) => deleted.some(({ appUid }) => appUid === uid)));
    });
  }

  async #call<T>(method: StoreMethod, effect: (database: MemoryDatabase) => T): Promise<T> {
    await this.#faults.before?.(method);
    const result = structuredClone(effect(this.#database));
    await this.#faults.after?.(method);
    return result;
  }
}
