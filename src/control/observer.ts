import type { Engine, ObservedContainer } from '../engine/engine.ts';
import {
  isStoreUnavailable,
  type ApplicationRecord,
  type InstanceRecord,
  type NewOperation,
  type OperationRecord,
  type Store,
  type World,
} from '../store/store.ts';
import type { Journal } from './journal.ts';
import type { Outbox } from './outbox.ts';

/** One application's part of a snapshot. */
export interface View {
  name: string;
  /** Null when nothing of this name is declared. */
  application: ApplicationRecord | null;
  records: readonly InstanceRecord[];
  /** Containers made for this very application. */
  containers: readonly ObservedContainer[];
  /** Containers made for an application of this name that was deleted on purpose. */
  leftovers: readonly ObservedContainer[];
  /** Containers of this installation whose application nobody remembers. */
  orphans: readonly ObservedContainer[];
  operations: readonly OperationRecord[];
  /** Operations of this very controller that were in hand when the snapshot was begun. */
  inHand: readonly NewOperation[];
  /** Of the applications that this one depends on, those that are not ready. */
  awaited: readonly string[];
}

export interface Snapshot {
  networkExists: boolean;
  /** Names of all declared applications and of all that containers claim to belong to. */
  names: readonly string[];
  view(name: string): View;
  /** Names of the applications that depend on this one. */
  dependents(name: string): readonly string[];
}

/** Reads database and engine whole: one listing and one query serve a pass over any number of applications. */
export class Observer {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #outbox: Outbox;
  readonly #journal: Journal;
  #last: World | undefined;

  constructor(engine: Engine, store: Store, outbox: Outbox, journal: Journal) {
    this.#engine = engine;
    this.#store = store;
    this.#outbox = outbox;
    this.#journal = journal;
  }

  /**
   * What is declared, recorded and running now. While the database is away, what was declared and recorded when it was
   * last read, and intended since. Throws `EngineUnavailable`, and `StoreUnavailable` when the database has not been read yet.
   */
  async observe(): Promise<Snapshot> {
    const { inHand } = this.#journal;
    const world = await this.#world();
    const known = world.instances.flatMap(({ containerId }) => containerId ?? []);
    const { containers, networkExists } = await this.#engine.observe(known);
    const uids = new Set(world.applications.map(({ uid }) => uid));
    const strangers = containers.filter(({ identity }) => !uids.has(identity.appUid));
    const deleted = await this.#deletedUids(strangers);
    return snapshotOf(world, containers, networkExists, deleted, inHand);
  }

  /** The applications as they were last read. */
  get applications(): readonly ApplicationRecord[] {
    return this.#last?.applications ?? [];
  }

  async #world(): Promise<World> {
    if (this.#outbox.away && this.#last) return this.#remembered(this.#last);
    try {
      const before = this.#outbox.writtenInstances;
      this.#last = await this.#store.loadWorld();
      this.#outbox.forgetInstances(before);
      return this.#last;
    } catch (error) {
      if (!isStoreUnavailable(error) || !this.#last) throw error;
      this.#outbox.markAway();
      return this.#remembered(this.#last);
    }
  }

  #remembered(last: World): World {
    const written = this.#outbox.writtenInstances;
    const since = [...written.values()].filter(({ removedAt }) => removedAt === null);
    return {
      ...last,
      instances: [...last.instances.filter(({ containerName }) => !written.has(containerName)), ...since],
    };
  }

  /** Nothing is known to be deleted while the database is away: missing information never deletes. */
  async #deletedUids(strangers: readonly ObservedContainer[]): Promise<Set<string>> {
    if (strangers.length === 0 || this.#outbox.away) return new Set();
    const uids = new Set(strangers.map(({ identity }) => identity.appUid));
    try {
      return await this.#store.deletedUids([...uids]);
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
      this.#outbox.markAway();
      return new Set();
    }
  }
}

function snapshotOf(
  world: World,
  containers: readonly ObservedContainer[],
  networkExists: boolean,
  deletedUids: ReadonlySet<string>,
  inHand: readonly NewOperation[],
): Snapshot {
  const applications = new Map(world.applications.map((application) => [application.name, application]));
  const byApp = groupBy(containers, ({ identity }) => identity.app);
  const records = groupBy(world.instances, ({ appName }) => appName);
  const operations = groupBy(world.openOperations, ({ appName }) => appName);
  const hand = groupBy(inHand, ({ appName }) => appName);
  return {
    networkExists,
    names: [...new Set([...applications.keys(), ...byApp.keys(), ...operations.keys()])],
    view(name) {
      const application = applications.get(name) ?? null;
      const mine = byApp.get(name) ?? [];
      const strangers = mine.filter(({ identity }) => identity.appUid !== application?.uid);
      return {
        name,
        application,
        records: records.get(name) ?? [],
        containers: mine.filter(({ identity }) => identity.appUid === application?.uid),
        leftovers: strangers.filter(({ identity }) => deletedUids.has(identity.appUid)),
        orphans: strangers.filter(({ identity }) => !deletedUids.has(identity.appUid)),
        operations: operations.get(name) ?? [],
        inHand: hand.get(name) ?? [],
        awaited: dependenciesOf(application).filter((other) => !isReady(applications.get(other))),
      };
    },
    dependents(name) {
      const waiting = world.applications.filter((each) => dependenciesOf(each).includes(name));
      return waiting.map((each) => each.name);
    },
  };
}

function dependenciesOf(application: ApplicationRecord | null): readonly string[] {
  return application?.manifest.spec.dependsOn ?? [];
}

function isReady(application: ApplicationRecord | undefined): boolean {
  return application?.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
