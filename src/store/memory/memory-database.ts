import type { App } from '../../manifest/app.gen.ts';
import type { CapsuleRecord } from '../failure.ts';
import type { PullNotice } from '../pull-notice.ts';
import type {
  ApplicationRecord,
  InstanceRecord,
  ManifestRecord,
  NewEvent,
  OperationClosure,
  OperationRecord,
} from '../store.ts';

export interface RevisionRecord {
  appName: string;
  appUid: string;
  revision: number;
  manifest: App;
  specHash: string;
  imageId: string | null;
  imageDigest: string | null;
  stable: boolean;
  quarantined: boolean;
}

/** The rows of a `MemoryStore`: they outlive it, as PostgreSQL outlives a killed controller. */
export class MemoryDatabase {
  readonly applications = new Map<string, ApplicationRecord>();
  revisions: RevisionRecord[] = [];
  /** Removed ones, too. */
  instances: InstanceRecord[] = [];
  /** Closed ones, too. */
  readonly operations = new Map<string, { record: OperationRecord; closure: OperationClosure | null }>();
  readonly manifests = new Map<string, ManifestRecord>();
  readonly events: NewEvent[] = [];
  failures: CapsuleRecord[] = [];
  /** What was said to those who listen. */
  readonly notices: PullNotice[] = [];
  readonly now: () => Date;
  readonly randomUuid: () => string;
  #lastId = 0;

  /** Clock and chance are the simulation's, so that the same run makes the same rows. */
  constructor(now: () => Date, randomUuid: () => string) {
    this.now = now;
    this.randomUuid = randomUuid;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
