import type { RevisionImage } from '../revision-image.ts';
import type { ApplicationRecord, Target } from '../store.ts';
import type { MemoryDatabase, RevisionRecord } from './memory-database.ts';

/** As `is_kept_revision` of PostgreSQL. */
const REVISIONS_KEPT = 10;

export function revisionOf(
  { revisions }: MemoryDatabase,
  uid: string,
  revision: number,
): RevisionRecord | undefined {
  return revisions.find((each) => each.appUid === uid && each.revision === revision);
}

/** As `STABLE_REVISION` of PostgreSQL. */
export function stableRevision(
  database: MemoryDatabase,
  { uid, revision }: ApplicationRecord,
): number | null {
  const numbers = database.revisions
    .filter((each) => each.appUid === uid && each.stable && !each.quarantined && each.revision !== revision)
    .map((each) => each.revision);
  return numbers.length > 0 ? Math.max(...numbers) : null;
}

export function targetOf(
  database: MemoryDatabase,
  uid: string,
  revision: number,
  reason: Target['reason'],
): Target | null {
  const row = revisionOf(database, uid, revision);
  return row ? { revision, specHash: row.specHash, manifest: row.manifest, reason } : null;
}

export function nextRevision({ revisions }: MemoryDatabase, { uid, revision }: ApplicationRecord): number {
  const numbers = revisions.filter(({ appUid }) => appUid === uid).map((other) => other.revision);
  return 1 + Math.max(revision, ...numbers);
}

/** As `recordRevisions` of PostgreSQL. */
export function recordRevision(database: MemoryDatabase, app: ApplicationRecord): void {
  const { name, uid, revision, manifest, specHash, target } = app;
  const known = revisionOf(database, uid, revision);
  if (known) known.manifest = manifest;
  else
    database.revisions.push({
      appName: name,
      appUid: uid,
      revision,
      manifest,
      specHash,
      imageId: null,
      imageDigest: null,
      stable: false,
      quarantined: false,
    });
  const kept = [target?.revision, stableRevision(database, app)];
  database.revisions = database.revisions.filter(
    (each) =>
      each.appUid !== uid || each.revision > revision - REVISIONS_KEPT || kept.includes(each.revision),
  );
}

/** As `recordImage` of PostgreSQL. */
export function recordImage(database: MemoryDatabase, { appUid, revision, ...image }: RevisionImage): void {
  Object.assign(revisionOf(database, appUid, revision) ?? {}, image);
}
