import type { App } from '../manifest/app.gen.ts';
import type { NewEvent } from './store.ts';

export interface ManifestRecord {
  path: string;
  /** SHA-256 of the bytes. */
  contentHash: string;
  status: 'accepted' | 'error';
  /** Names of the apps the file last declared without error. */
  apps: string[];
  errors: ManifestProblem[];
  warnings: ManifestProblem[];
}

export interface ManifestProblem {
  line: number | null;
  column: number | null;
  message: string;
}

/** What a sync changes; made by the pure `planSync`. */
export interface SyncChanges {
  applications: ApplicationDeclaration[];
  /** Apps whose manifest is gone, or that came back before they were removed. */
  deletions: { name: string; requestedAt: Date | null }[];
  manifests: ManifestRecord[];
  /** Paths that left the source. */
  removedManifests: string[];
  events: NewEvent[];
}

/** A manifest that is new or changed: the store creates or updates the application, its revision and its policy rows. */
export interface ApplicationDeclaration {
  manifest: App;
  specHash: string;
  sourcePath: string;
  sourceRevision: string | null;
}
