import { AutoServeError, messageOf } from '../error.ts';
import type { App } from '../manifest/app.gen.ts';
import type { LedgerEntry } from '../controllers/scaling/ledger.ts';
import type { Rollout } from '../controllers/rollout/rollout.ts';
import type { ActionKind } from '../plan/action.ts';
import type { Capsule } from './failure.ts';
import type { HealthRecord, HealthWord, InstanceHealth } from './instance-health.ts';
import type { PullNotice } from './pull-notice.ts';
import type { RevisionImage } from './revision-image.ts';
import type { ManifestRecord, SyncChanges } from './sync-changes.ts';

export type { ApplicationDeclaration, ManifestProblem, ManifestRecord, SyncChanges } from './sync-changes.ts';

/** Thrown by every method of a store whose database does not answer now; the same call may succeed later. */
export class StoreUnavailable extends AutoServeError {
  constructor(cause: unknown) {
    super('StoreUnavailable', `the database does not answer: ${messageOf(cause)}`, {
      remedy: 'AutoServe tries again by itself; see that PostgreSQL runs and accepts connections',
      cause,
    });
  }
}

export function isStoreUnavailable(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable;
}

/**
 * What the loop and the sync need of the database. Two implementations pass one contract suite: PostgreSQL
 * (`postgres/`) and memory (`memory/`, for simulations). Reads are whole: a pass never queries per app.
 */
export interface Store {
  /** Applications, the working set of instances and the open operations, of one moment. Two or three queries. */
  loadWorld(): Promise<World>;

  /** Manifest rows by path, for the sync. */
  loadManifests(): Promise<ManifestRecord[]>;

  /** Carries out what the sync decided, in one transaction, and returns the names of the apps it changed. */
  applySync(changes: SyncChanges): Promise<string[]>;

  /**
   * Records intents, and the rows of instances about to be created, before any effect. One transaction; an operation
   * that is there already is left as it is, so that a call whose reply was lost can be repeated.
   */
  openOperations(operations: readonly NewOperation[], instances: readonly InstanceStatus[]): Promise<void>;

  /** Closes those that are still open; the outcome of a closed one never changes. */
  closeOperations(closures: readonly OperationClosure[]): Promise<void>;

  /** Upserts instances and updates applications (by name, uid and retries), one statement each. */
  writeStatus(
    applications: readonly ApplicationStatus[],
    instances: readonly InstanceStatus[],
  ): Promise<void>;

  /** Makes history of the rows of these containers, which were removed by us: `stopped`, with `removedAt`. */
  markRemoved(containerIds: readonly string[], removedAt: Date): Promise<void>;

  /**
   * Records what probes showed, in one statement, and returns the ids of the containers whose rows now say so. The
   * others are to be written again later: their rows are not there yet, or another write has them in hand.
   */
  writeHealth(health: readonly InstanceHealth[]): Promise<string[]>;

  /**
   * Goes back from a failed revision: the failed one is quarantined, the earlier one is the target, `event` tells why.
   * Nothing when it was done before, or the failure has been overtaken by another revision, a pin or a retry.
   */
  rollBack(back: RollBack): Promise<void>;

  /**
   * Writes decisions of the scaler to the ledger. One that changes the count changes `scaledReplicas` with it, and is told
   * as an event, if the application is still the same and in mode auto.
   */
  recordScaling(entries: readonly LedgerEntry[]): Promise<void>;

  /** Records what the image of a revision is, where that is news. */
  recordImage(image: RevisionImage): Promise<void>;

  /** Tells those who listen; nothing is kept. */
  announce(notice: PullNotice): Promise<void>;

  /**
   * Keeps the capsule of a failed instance, one for a container: a second one adds only the output that the first one could
   * not have. Of an application the latest `MOST_CAPSULES` are kept.
   */
  recordFailure(capsule: Capsule): Promise<void>;

  appendEvents(events: readonly NewEvent[]): Promise<void>;

  /**
   * Deletes an application whose instances are gone and records `event` (reason `ApplicationDeleted`) with it, unless it
   * was declared again meanwhile.
   */
  deleteApplication(name: string, uid: string, event: NewEvent): Promise<void>;

  /** Which of these uids belong to applications that were deleted on purpose: an `ApplicationDeleted` event has it. */
  deletedUids(uids: readonly string[]): Promise<Set<string>>;
}

export interface World {
  applications: ApplicationRecord[];
  /** Every instance that was not removed (`removedAt` null); at most one row for a container name. */
  instances: InstanceRecord[];
  openOperations: OperationRecord[];
}

export type ApplicationWord =
  'registered' | 'starting' | 'running' | 'stopping' | 'stopped' | 'error' | 'updating';
export type InstanceWord = 'starting' | 'running' | 'stopping' | 'stopped' | 'error' | 'draining';
export type { HealthWord };

export interface Condition {
  type: 'Ready' | 'Progressing' | 'Synced' | 'Healthy' | 'RouteAccepted' | 'RouteServed' | 'ScalingActive';
  status: 'True' | 'False' | 'Unknown';
  /** CamelCase, for machines. */
  reason: string;
  message: string;
  /** ISO 8601; when `status` last changed. */
  lastTransitionTime: string;
}

export interface ApplicationRecord {
  name: string;
  uid: string;
  /** The whole manifest with defaults filled in; the `spec` column. */
  manifest: App;
  /** Counted up by the sync whenever the manifest changes. */
  generation: number;
  observedGeneration: number;
  /** Number of the present revision; a new one for every new spec hash. */
  revision: number;
  specHash: string;
  status: ApplicationWord;
  /** Ready instances. */
  replicas: number;
  desiredReplicas: number;
  /** The count that the scaler, or in mode manual a person, decided on; null for what the manifest says. */
  scaledReplicas: number | null;
  /** When `desiredReplicas` last changed. */
  lastScaledAt: Date | null;
  conditions: Condition[];
  sourcePath: string | null;
  sourceRevision: string | null;
  deletionRequestedAt: Date | null;
  /** The revision that is kept instead of the manifest's; null for the manifest's own. */
  target: Target | null;
  rollout: Rollout | null;
  rolloutPaused: boolean;
  /** Counted up by `autoserve retry`, which forgets what failed. */
  retries: number;
  /** The latest revision but the present one that once was rolled out completely; null when there is none. */
  stableRevision: number | null;
  createdAt: Date;
  updatedAt: Date;
}

/** An earlier revision that is kept, because a person pinned it or the present one failed. */
export interface Target {
  revision: number;
  specHash: string;
  manifest: App;
  reason: 'RolledBack' | 'Pinned';
}

/** The columns of `applications` that the application controller writes. */
export interface ApplicationStatus {
  name: string;
  uid: string;
  observedGeneration: number;
  status: ApplicationWord;
  replicas: number;
  desiredReplicas: number;
  conditions: Condition[];
  /** A complete one marks its revision as stable. */
  rollout: Rollout | null;
  /** Those that were seen: what was concluded before a retry is not written after it. */
  retries: number;
}

export interface RollBack {
  name: string;
  uid: string;
  from: number;
  to: number;
  /** As in `ApplicationStatus`. */
  retries: number;
  event: NewEvent;
}

/** The columns of `instances` that the application controller writes; `containerName` is the key among rows not removed. */
export interface InstanceStatus {
  appName: string;
  containerName: string;
  containerId: string | null;
  replicaIndex: number;
  revision: number;
  attempt: number;
  /** Crashes in a row that led to this instance. */
  restarts: number;
  specHash: string;
  imageId: string | null;
  ip: string | null;
  /** Where it takes requests, else the first port of its spec; null when it has none. */
  port: number | null;
  status: InstanceWord;
  /** When it was taken out of service to be removed. */
  drainingSince: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  exitCode: number | null;
  oomKilled: boolean;
  /** When the container was known to be gone; such a row is history and no longer read by the loop. */
  removedAt: Date | null;
}

export interface InstanceRecord extends InstanceStatus, HealthRecord {
  id: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewOperation {
  /** UUID, chosen by the caller, for the container carries it as a label. */
  id: string;
  appName: string;
  appUid: string;
  kind: ActionKind;
  /** The container name, the image or the network. */
  target: string;
  containerId: string | null;
  cause: string;
}

export interface OperationRecord extends NewOperation {
  startedAt: Date;
}

export interface OperationClosure {
  id: string;
  /** `interrupted`: not known to have happened, found open after a restart; `skipped`: never tried. */
  outcome: 'done' | 'failed' | 'interrupted' | 'skipped';
  containerId: string | null;
  error: string | null;
}

export type EventType =
  | 'registration'
  | 'scaling'
  | 'health'
  | 'config'
  | 'deployment'
  | 'error'
  | 'warning'
  | 'network'
  | 'resource'
  | 'security';
export type EventSeverity = 'debug' | 'info' | 'warning' | 'error' | 'critical';

export interface NewEvent {
  eventType: EventType;
  eventCategory: 'application' | 'system' | 'cluster' | 'security' | 'performance';
  /** CamelCase: `InstanceReplaced`, `PruneHeld`. */
  reason: string;
  appName: string | null;
  appUid: string | null;
  containerId: string | null;
  message: string;
  details: Record<string, unknown> | null;
  severity: EventSeverity;
  timestamp: Date;
  /** The component: `sync`, `controller`, `engine`. */
  source: string;
}
