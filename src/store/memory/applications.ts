import { isDeepStrictEqual } from 'node:util';
import type {
  ApplicationDeclaration,
  ApplicationRecord,
  ApplicationStatus,
  RollBack,
  SyncChanges,
  Target,
} from '../store.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { nextRevision, recordRevision, revisionOf, stableRevision, targetOf } from './revisions.ts';

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
    if (app?.uid !== status.uid) continue;
    if (app.retries === status.retries && !isDeepStrictEqual(app, { ...app, ...status })) {
      const now = database.now();
      const lastScaledAt = app.desiredReplicas === status.desiredReplicas ? app.lastScaledAt : now;
      Object.assign(app, structuredClone(status), { lastScaledAt, updatedAt: now });
    }
    if (status.rollout?.outcome !== 'complete') continue;
    Object.assign(revisionOf(database, app.uid, status.rollout.revision) ?? {}, { stable: true });
    app.stableRevision = stableRevision(database, app);
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
        desiredReplicas:
          mode === 'manual' && !isDeepStrictEqual(present.manifest.scaling, spec.scaling)
            ? count
            : present.desiredReplicas,
        scaledReplicas: keptCount(present, spec),
        target: keptTarget(database, present, spec, specHash),
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
        scaledReplicas: null,
        lastScaledAt: null,
        conditions: [],
        target: null,
        rollout: null,
        rolloutPaused: false,
        retries: 0,
        stableRevision: null,
        createdAt: now,
        updatedAt: now,
      };
  database.applications.set(name, app);
  recordRevision(database, app);
  app.stableRevision = stableRevision(database, app);
  return true;
}

/** The count that was decided on, as far as it holds under another manifest. */
function keptCount(present: ApplicationRecord, { scaling }: ApplicationRecord['manifest']): number | null {
  const before = present.manifest;
  if (scaling.mode === 'auto' && before.scaling.mode === 'manual' && !before.spec.suspend)
    return present.desiredReplicas;
  const holds = scaling.mode === 'auto' || isDeepStrictEqual(before.scaling, scaling);
  return holds ? present.scaledReplicas : null;
}

/** As `KEPT_TARGET` of PostgreSQL. */
function keptTarget(
  database: MemoryDatabase,
  present: ApplicationRecord,
  spec: ApplicationRecord['manifest'],
  specHash: string,
): Target | null {
  const { target, uid, revision } = present;
  if (!target || present.specHash !== specHash) return null;
  if (target.reason === 'RolledBack' || isDeepStrictEqual(present.manifest, spec)) return target;
  const stable = stableRevision(database, present);
  const failed = revisionOf(database, uid, revision)?.quarantined;
  return failed && stable !== null ? targetOf(database, uid, stable, 'RolledBack') : null;
}

/** As `rollBack` of PostgreSQL. */
export function rollBack(database: MemoryDatabase, { name, uid, from, to, retries, event }: RollBack): void {
  const app = database.applications.get(name);
  if (!app || app.uid !== uid || app.revision !== from || app.retries !== retries || app.target) return;
  app.target = targetOf(database, uid, to, 'RolledBack');
  Object.assign(revisionOf(database, uid, from) ?? {}, { quarantined: true });
  app.stableRevision = stableRevision(database, app);
  database.events.push(structuredClone(event));
}
