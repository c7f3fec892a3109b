import { isDeepStrictEqual } from 'node:util';
import type { ApplicationDeclaration, ApplicationRecord, ApplicationStatus, SyncChanges } from '../store.ts';
import type { MemoryDatabase } from './memory-database.ts';

/** As `declareApplications` of PostgreSQL. */
export function declareApplications(
  database: MemoryDatabase,
  declarations: readonly ApplicationDeclaration[],
): string[] {
  return declarations.flatMap((declaration) =>
    declare(database, declaration) ? [declaration.manifest.metadata.name] : [],
  );
}

/** As `requestDeletions` of PostgreSQL. */
export function requestDeletions(database: MemoryDatabase, deletions: SyncChanges['deletions']): string[] {
  return deletions.flatMap(({ name, requestedAt }) => {
    const app = database.applications.get(name);
    if (!app || (app.deletionRequestedAt === null) === (requestedAt === null)) return [];
    Object.assign(app, { deletionRequestedAt: requestedAt, updatedAt: database.now() });
    return [name];
  });
}

export function writeApplicationStatus(
  database: MemoryDatabase,
  statuses: readonly ApplicationStatus[],
): void {
  for (const status of statuses) {
    const app = database.applications.get(status.name);
    if (app?.uid === status.uid && !isDeepStrictEqual(app, { ...app, ...status }))
      Object.assign(app, structuredClone(status), { updatedAt: database.now() });
  }
}

function declare(
  database: MemoryDatabase,
  { manifest, specHash, ...source }: ApplicationDeclaration,
): boolean {
  const { name } = manifest.metadata;
  const { mode, replicas, minReplicas } = manifest.scaling;
  const now = database.now();
  // As in JSON: what is undefined is not there.
  const spec = JSON.parse(JSON.stringify(manifest)) as typeof manifest;
  const present = database.applications.get(name);
  const count = replicas ?? minReplicas;
  const declared = { manifest: spec, specHash, ...source, deletionRequestedAt: null };
  if (present && isDeepStrictEqual(present, { ...present, ...declared })) return false;
  const app: ApplicationRecord = present
    ? {
        ...present,
        ...declared,
        generation: present.generation + (isDeepStrictEqual(present.manifest, spec) ? 0 : 1),
        revision: present.specHash === specHash ? present.revision : nextRevision(database, present),
        desiredReplicas: mode === 'manual' ? count : present.desiredReplicas,
        updatedAt: now,
      }
    : {
        name,
        uid: database.randomUuid(),
        ...declared,
        generation: 1,
        observedGeneration: 0,
        revision: 1,
        status: 'registered',
        replicas: 0,
        desiredReplicas: count,
        conditions: [],
        createdAt: now,
        updatedAt: now,
      };
  database.applications.set(name, app);
  recordRevision(database, app);
  return true;
}

function nextRevision({ revisions }: MemoryDatabase, { uid, revision }: ApplicationRecord): number {
  const numbers = revisions.filter(({ appUid }) => appUid === uid).map((other) => other.revision);
  return 1 + Math.max(revision, ...numbers);
}

function recordRevision({ revisions }: MemoryDatabase, app: ApplicationRecord): void {
  const { name, uid, revision, manifest, specHash } = app;
  if (!revisions.some((other) => other.appUid === uid && other.revision === revision))
    revisions.push({ appName: name, appUid: uid, revision, manifest, specHash });
}
