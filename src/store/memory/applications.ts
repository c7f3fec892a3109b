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
    if (app?.uid !== status.uid || status.rollout?.outcome !== 'complete') continue;
    for (const each of database.revisions)
      if (each.appUid === app.uid && each.revision === status.rollout.revision) each.stable = true;
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
        desiredReplicas: mode === 'manual' ? count : present.desiredReplicas,
        target: keptTarget(present, spec, specHash),
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

/** What failed is held until its spec changes, a pin until anything of the manifest does. */
function keptTarget(
  present: ApplicationRecord,
  spec: ApplicationRecord['manifest'],
  specHash: string,
): Target | null {
  const kept =
    present.specHash === specHash &&
    (present.target?.reason === 'RolledBack' || isDeepStrictEqual(present.manifest, spec));
  return kept ? present.target : null;
}

/** As `rollBack` of PostgreSQL. */
export function rollBack(database: MemoryDatabase, { name, uid, from, to, event }: RollBack): void {
  const app = database.applications.get(name);
  const stable = database.revisions.find((other) => other.appUid === uid && other.revision === to);
  if (!app || app.uid !== uid || app.revision !== from || app.target || !stable) return;
  const { specHash, manifest } = stable;
  app.target = { revision: to, specHash, manifest, reason: 'RolledBack' };
  for (const each of database.revisions)
    if (each.appUid === uid && each.revision === from) each.quarantined = true;
  app.stableRevision = stableRevision(database, app);
  database.events.push(structuredClone(event));
}

function stableRevision({ revisions }: MemoryDatabase, { uid, revision }: ApplicationRecord): number | null {
  const numbers = revisions.flatMap((each) =>
    each.appUid === uid && each.stable && !each.quarantined && each.revision !== revision
      ? each.revision
      : [],
  );
  return numbers.length > 0 ? Math.max(...numbers) : null;
}

function nextRevision({ revisions }: MemoryDatabase, { uid, revision }: ApplicationRecord): number {
  const numbers = revisions.filter(({ appUid }) => appUid === uid).map((other) => other.revision);
  return 1 + Math.max(revision, ...numbers);
}

function recordRevision({ revisions }: MemoryDatabase, app: ApplicationRecord): void {
  const { name, uid, revision, manifest, specHash } = app;
  if (!revisions.some((other) => other.appUid === uid && other.revision === revision))
    revisions.push({
      appName: name,
      appUid: uid,
      revision,
      manifest,
      specHash,
      stable: false,
      quarantined: false,
    });
}
