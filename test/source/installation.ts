import type { App } from '../../src/manifest/app.gen.ts';
import type { ParsedFile } from '../../src/source/declarations.ts';
import { ManifestReader } from '../../src/source/manifest-reader.ts';
import { planSync, type SyncInput, type SyncPlan } from '../../src/source/sync.ts';
import type { ApplicationRecord, ManifestRecord } from '../../src/store/store.ts';
import { applicationRecord, changes as changesOf } from '../store/records.ts';

export const NOW = new Date('2030-01-01T00:00:00Z');

const reader = new ManifestReader({
  policy: { allowHostPaths: [], allowedImages: ['shop/**', 'web:*'] },
  secretsDir: '/nowhere',
  digestKey: 'key',
});

/** One manifest document. */
export const document = (name: string, spec = 'image: web:1', annotations = '{}'): string =>
  `apiVersion: v1\nkind: App\nmetadata:\n  name: ${name}\n  annotations: ${annotations}\nspec:\n  ${spec}\n`;

/** A file of these documents, as the sync sees it. */
export const file = (path: string, ...documents: string[]): ParsedFile =>
  fileOf(path, documents.join('---\n'), null);

/** A file of any content, written at a known time or not. */
export const fileOf = (path: string, content: string | Buffer, modifiedAt: Date | null): ParsedFile =>
  reader.read({ path, bytes: Buffer.from(content as string), modifiedAt }, NOW);

/** What a row says that no controller has seen yet. */
const UNSEEN = {
  observedGeneration: 0,
  status: 'registered',
  desiredReplicas: 0,
  createdAt: NOW,
  updatedAt: NOW,
} as const;

export const NOTHING = changesOf({});

export const reasons = ({ changes }: SyncPlan): string[] => changes.events.map(({ reason }) => reason);

/** Names of the apps that the store is told of. */
export const declared = ({ changes }: SyncPlan): string[] =>
  changes.applications.map(({ manifest }) => manifest.metadata.name);

/** What the store holds of applications and manifests, and what a sync makes of it. */
export class Installation {
  applications: ApplicationRecord[] = [];
  manifests: ManifestRecord[] = [];
  #held: string[] = [];

  /** Plans and carries out a sync of these files. */
  sync(files: ParsedFile[], more: Partial<SyncInput> = {}): SyncPlan {
    const plan = this.plan(files, more);
    const { applications, deletions, manifests, removedManifests } = plan.changes;
    for (const { manifest, specHash, sourcePath, sourceRevision } of applications) {
      const { name } = manifest.metadata;
      const before = this.applications.find((application) => application.name === name);
      // As the database gives it back: without undefined fields.
      const stored = JSON.parse(JSON.stringify(manifest)) as App;
      const after = {
        ...(before ?? applicationRecord(name, { ...UNSEEN, uid: `uid-of-${name}` })),
        manifest: stored,
        specHash,
        sourcePath,
        sourceRevision,
      };
      this.applications = [...this.applications.filter((application) => application !== before), after];
    }
    this.applications = this.applications.map((application) => {
      const deletion = deletions.find(({ name }) => name === application.name);
      return deletion ? { ...application, deletionRequestedAt: deletion.requestedAt } : application;
    });
    const replaced = new Set([...removedManifests, ...manifests.map(({ path }) => path)]);
    this.manifests = [...this.manifests.filter(({ path }) => !replaced.has(path)), ...manifests];
    this.#held = plan.held;
    return plan;
  }

  plan(files: ParsedFile[], more: Partial<SyncInput> = {}): SyncPlan {
    return planSync({
      revision: null,
      files,
      applications: this.applications,
      manifests: this.manifests,
      confirmPrune: false,
      heldBefore: this.#held,
      now: NOW,
      ...more,
    });
  }

  application(name: string): ApplicationRecord | undefined {
    return this.applications.find((application) => application.name === name);
  }

  manifest(path: string): ManifestRecord | undefined {
    return this.manifests.find((manifest) => manifest.path === path);
  }

  /** Names of the apps that are to be removed. */
  get leaving(): string[] {
    return this.applications.flatMap(({ name, deletionRequestedAt }) => (deletionRequestedAt ? [name] : []));
  }
}
