import type { App } from '../../../src/manifest/app.gen.ts';
import type { CapsuleRecord } from '../../../src/store/failure.ts';
import type { PullNotice } from '../../../src/store/pull-notice.ts';
import type {
  ApplicationRecord,
  InstanceRecord,
  NewEvent,
  OperationClosure,
  Store,
} from '../../../src/store/store.ts';
import { changes, declaration } from '../records.ts';

/** An empty store for one test, and what can be seen of it beside its interface. */
export interface StoreHost {
  store: Store;
  /** The revisions that are kept of all applications that had this name, the oldest first. */
  revisions(app: string): Promise<KeptRevision[]>;
  /** Pins a revision, or the manifest's own, as `autoserve rollback` does. */
  pin(app: string, revision: number): Promise<void>;
  /** As `autoserve retry` does. */
  retry(app: string): Promise<void>;
  /** What is said to those who listen while this is done. */
  heard(work: () => Promise<void>): Promise<PullNotice[]>;
  /** The oldest first. */
  events(): Promise<Pick<NewEvent, 'reason' | 'appName' | 'message' | 'details'>[]>;
  /** In the order in which they were recorded. */
  failures(): Promise<CapsuleRecord[]>;
  /** Removed instances of an application, by container id. */
  removed(app: string): Promise<(string | null)[]>;
  /** How an operation was closed; undefined while it is open. */
  outcome(operationId: string): Promise<Omit<OperationClosure, 'id'> | undefined>;
  /** Whether a write since the last call changed an application or an instance. */
  touched(): Promise<boolean>;
}

export interface KeptRevision {
  revision: number;
  specHash: string;
  manifest: App;
  imageId: string | null;
  imageDigest: string | null;
  stable: boolean;
  quarantined: boolean;
}

export async function declare(
  { store }: StoreHost,
  name: string,
  some?: Parameters<typeof declaration>[1],
): Promise<ApplicationRecord> {
  await store.applySync(changes({ applications: [declaration(name, some)] }));
  return await applicationOf(store, name);
}

export async function applicationOf(store: Store, name: string): Promise<ApplicationRecord> {
  const { applications } = await store.loadWorld();
  const app = applications.find((other) => other.name === name);
  if (!app) throw new Error(`no application ${name}`);
  return app;
}

export async function instancesOf(store: Store, name: string): Promise<InstanceRecord[]> {
  const { instances } = await store.loadWorld();
  return instances.filter(({ appName }) => appName === name);
}
