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
  /** Every revision an application's name ever had, the oldest first. */
  revisions(app: string): Promise<{ revision: number; specHash: string }[]>;
  /** The oldest first. */
  events(): Promise<Pick<NewEvent, 'reason' | 'appName' | 'message' | 'details'>[]>;
  /** Removed instances of an application, by container id. */
  removed(app: string): Promise<(string | null)[]>;
  /** How an operation was closed; undefined while it is open. */
  outcome(operationId: string): Promise<Omit<OperationClosure, 'id'> | undefined>;
  /** Whether a write since the last call changed an application or an instance. */
  touched(): Promise<boolean>;
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
