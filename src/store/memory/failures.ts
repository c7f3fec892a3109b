import { revisionChanges } from '../../manifest/diff.ts';
import { MOST_CAPSULES, type Capsule, type CapsuleRecord } from '../failure.ts';
import type { MemoryDatabase } from './memory-database.ts';

/** As `recordFailure` of PostgreSQL. */
export function recordFailure(database: MemoryDatabase, capsule: Capsule): void {
  const { appName, containerId, logs, logError } = capsule;
  const present = database.failures.find((other) => other.containerId === containerId);
  if (!present) database.failures.push(structuredClone({ ...capsule, ...changesOf(database, capsule) }));
  else if (present.logError !== null && logError === null) Object.assign(present, { logs, logError });
  const kept = database.failures
    .filter((other) => other.appName === appName)
    .toSorted((a, b) => a.failedAt.getTime() - b.failedAt.getTime())
    .slice(-MOST_CAPSULES);
  database.failures = database.failures.filter((other) => other.appName !== appName || kept.includes(other));
}

function changesOf(
  { revisions }: MemoryDatabase,
  { appUid, revision }: Capsule,
): Pick<CapsuleRecord, 'stableRevision' | 'changes'> {
  const own = revisions.filter((each) => each.appUid === appUid);
  const failed = own.find((each) => each.revision === revision);
  const stable = own
    .filter((each) => each.revision < revision && each.stable && !each.quarantined)
    .toSorted((a, b) => a.revision - b.revision)
    .at(-1);
  if (!failed || !stable) return { stableRevision: null, changes: [] };
  return { stableRevision: stable.revision, changes: revisionChanges(stable.manifest, failed.manifest) };
}
