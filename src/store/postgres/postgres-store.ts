import type { LedgerEntry } from '../../controllers/scaling/ledger.ts';
import { isUnavailable, type Database } from '../database.ts';
import type { Capsule } from '../failure.ts';
import type { InstanceHealth } from '../instance-health.ts';
import { textOfNotice, type PullNotice } from '../pull-notice.ts';
import type { RevisionImage } from '../revision-image.ts';
import {
  StoreUnavailable,
  type ApplicationStatus,
  type InstanceStatus,
  type ManifestRecord,
  type NewEvent,
  type NewOperation,
  type OperationClosure,
  type RollBack,
  type Store,
  type SyncChanges,
  type World,
} from '../store.ts';
import {
  declareApplications,
  deleteApplication,
  requestDeletions,
  rollBack,
  writeApplicationStatus,
} from './applications.ts';
import { appendEvents, deletedUids } from './events.ts';
import { recordFailure } from './failures.ts';
import { markRemoved, upsertInstances, writeHealth } from './instances.ts';
import { removeManifests, selectManifests, upsertManifests } from './manifests.ts';
import { closeOperations, openOperations } from './operations.ts';
import { followManifests } from './policies.ts';
import { recordImage, recordRevisions } from './revisions.ts';
import { recordScaling } from '../scaling.ts';
import { selectWorld } from './world.ts';

/** The store in PostgreSQL; the statements are in the file of each table. */
export class PostgresStore implements Store {
  readonly #database: Database;
  readonly #onEvents: (events: readonly NewEvent[]) => void;

  /** @param onEvents hears of events of the controllers when they are recorded; those of a sync come back with its result */
  constructor(database: Database, onEvents: (events: readonly NewEvent[]) => void = () => undefined) {
    this.#database = database;
    this.#onEvents = onEvents;
  }

  loadWorld(): Promise<World> {
    return reach(() => selectWorld(this.#database));
  }

  loadManifests(): Promise<ManifestRecord[]> {
    return reach(() => selectManifests(this.#database));
  }

  applySync({
    applications,
    deletions,
    manifests,
    removedManifests,
    events,
  }: SyncChanges): Promise<string[]> {
    return reach(() =>
      this.#database.transaction(async (connection) => {
        const requested = await requestDeletions(connection, deletions);
        const declared = await declareApplications(connection, applications);
        await recordRevisions(connection, declared);
        await followManifests(
          connection,
          applications.map(({ manifest }) => manifest),
        );
        await upsertManifests(connection, manifests);
        await removeManifests(connection, removedManifests);
        await appendEvents(connection, events);
        return [...new Set([...declared, ...requested])];
      }),
    );
  }

  openOperations(operations: readonly NewOperation[], instances: readonly InstanceStatus[]): Promise<void> {
    return reach(() => openOperations(this.#database, operations, instances));
  }

  closeOperations(closures: readonly OperationClosure[]): Promise<void> {
    return reach(() => closeOperations(this.#database, closures));
  }

  /** Instances first: an application that is said to run has its instances. */
  writeStatus(
    applications: readonly ApplicationStatus[],
    instances: readonly InstanceStatus[],
  ): Promise<void> {
    return reach(async () => {
      await upsertInstances(this.#database, instances);
      await writeApplicationStatus(this.#database, applications);
    });
  }

  markRemoved(containerIds: readonly string[], removedAt: Date): Promise<void> {
    return reach(() => markRemoved(this.#database, containerIds, removedAt));
  }

  writeHealth(health: readonly InstanceHealth[]): Promise<string[]> {
    return reach(() => writeHealth(this.#database, health));
  }

  rollBack(back: RollBack): Promise<void> {
    return reach(async () => {
      if (await rollBack(this.#database, back)) this.#onEvents([back.event]);
    });
  }

  recordScaling(entries: readonly LedgerEntry[]): Promise<void> {
    return reach(() => recordScaling(this.#database, entries));
  }

  recordImage(image: RevisionImage): Promise<void> {
    return reach(() => recordImage(this.#database, image));
  }

  announce(notice: PullNotice): Promise<void> {
    return reach(async () => {
      await this.#database.query("SELECT pg_notify('autoserve', ?)", [textOfNotice(notice)]);
    });
  }

  recordFailure(capsule: Capsule): Promise<void> {
    return reach(() =>
      this.#database.transaction(async (connection) => await recordFailure(connection, capsule)),
    );
  }

  appendEvents(events: readonly NewEvent[]): Promise<void> {
    return reach(async () => {
      await appendEvents(this.#database, events);
      this.#onEvents(events);
    });
  }

  deleteApplication(name: string, uid: string, event: NewEvent): Promise<void> {
    return reach(() => deleteApplication(this.#database, name, uid, event));
  }

  deletedUids(uids: readonly string[]): Promise<Set<string>> {
    return reach(() => deletedUids(this.#database, uids));
  }
}

async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isUnavailable(error) ? new StoreUnavailable(error) : error;
  }
}
