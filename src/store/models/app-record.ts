import type { App } from '../../manifest/app.gen.ts';
import type { ApplicationWord } from '../store.ts';
import { epochSeconds, epochSecondsOrNull, momentOf, momentOrNull, type StoredMoment } from './moment.ts';

/** A row of `applications`, as far as a record of it goes. */
export interface AppRow {
  name: string;
  spec: App;
  status: ApplicationWord;
  created_at: StoredMoment;
  updated_at: StoredMoment;
  replicas: number;
  desired_replicas: number;
  last_scaled_at: StoredMoment | null;
  mode: 'auto' | 'manual';
}

/** An application. */
export class AppRecord {
  readonly name: string;
  /** The whole manifest with defaults filled in. */
  readonly spec: App;
  readonly status: ApplicationWord;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Ready instances. */
  readonly replicas: number;
  readonly desiredReplicas: number;
  readonly lastScaledAt: Date | null;
  readonly mode: 'auto' | 'manual';

  static fromDbRow(row: AppRow): AppRecord {
    return new AppRecord(row);
  }

  private constructor(row: AppRow) {
    this.name = row.name;
    this.spec = row.spec;
    this.status = row.status;
    this.createdAt = momentOf(row.created_at);
    this.updatedAt = momentOf(row.updated_at);
    this.replicas = row.replicas;
    this.desiredReplicas = row.desired_replicas;
    this.lastScaledAt = momentOrNull(row.last_scaled_at);
    this.mode = row.mode;
  }

  /** With the columns' names; moments are seconds since 1970. */
  toJSON(): object {
    return {
      name: this.name,
      spec: this.spec,
      status: this.status,
      created_at: epochSeconds(this.createdAt),
      updated_at: epochSeconds(this.updatedAt),
      replicas: this.replicas,
      desired_replicas: this.desiredReplicas,
      last_scaled_at: epochSecondsOrNull(this.lastScaledAt),
      mode: this.mode,
    };
  }
}
