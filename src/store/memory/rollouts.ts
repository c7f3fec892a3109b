import type { ApplicationRecord } from '../store.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { revisionOf, targetOf } from './revisions.ts';

/** As `pinRevision` of the command line, of a revision that is there. */
export function pinRevision(database: MemoryDatabase, app: ApplicationRecord, revision: number): void {
  const pins = revision !== app.revision;
  app.target = pins ? targetOf(database, app.uid, revision, 'Pinned') : null;
  if (!pins) tryAgain(database, app);
}

/** As `retryApplication` of the command line. */
export function retryApplication(database: MemoryDatabase, app: ApplicationRecord): void {
  if (app.target?.reason !== 'Pinned') app.target = null;
  tryAgain(database, app);
}

function tryAgain(database: MemoryDatabase, app: ApplicationRecord): void {
  Object.assign(app, { rollout: null, retries: app.retries + 1 });
  if (!app.target) Object.assign(revisionOf(database, app.uid, app.revision) ?? {}, { quarantined: false });
}
