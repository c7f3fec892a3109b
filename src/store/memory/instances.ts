import { isDeepStrictEqual } from 'node:util';
import { UNCHECKED, type InstanceHealth } from '../instance-health.ts';
import type { InstanceRecord, InstanceStatus } from '../store.ts';
import type { MemoryDatabase } from './memory-database.ts';

const LIVE = new Set(['starting', 'running']);

/** As `UPSERT_INSTANCES` of PostgreSQL: all of the rows or, when they break a constraint, none. */
export function upsertInstances(database: MemoryDatabase, statuses: readonly InstanceStatus[]): void {
  const rows = database.instances.map((row) => ({ ...row }));
  const known = statuses.filter(({ appName }) => database.applications.has(appName));
  for (const status of known) upsert(database, rows, structuredClone(status));
  refuseConflicts(rows);
  database.instances = rows;
}

function upsert(database: MemoryDatabase, rows: InstanceRecord[], status: InstanceStatus): void {
  const { containerId, containerName, removedAt } = status;
  if (containerId !== null && rows.some((row) => row.removedAt && row.containerId === containerId)) return;
  const row = rows.find((other) => !other.removedAt && other.containerName === containerName);
  const now = database.now();
  if (row && !(removedAt && isOther(row, containerId))) {
    if (!isDeepStrictEqual(row, { ...row, ...status })) Object.assign(row, status, { updatedAt: now });
  } else if (!removedAt || containerId !== null)
    rows.push({
      ...status,
      id: database.nextId(),
      ...structuredClone(UNCHECKED),
      createdAt: now,
      updatedAt: now,
    });
}

/** As `writeHealth` of PostgreSQL. */
export function writeHealth(database: MemoryDatabase, health: readonly InstanceHealth[]): string[] {
  return health.flatMap((each) => {
    const row = database.instances.find(
      ({ containerId, removedAt }) => !removedAt && containerId === each.containerId,
    );
    if (!row) return [];
    if (!isDeepStrictEqual(row, { ...row, ...each }))
      Object.assign(row, structuredClone(each), { updatedAt: database.now() });
    return [each.containerId];
  });
}

function isOther(row: InstanceRecord, containerId: string | null): boolean {
  return row.containerId !== null && containerId !== null && row.containerId !== containerId;
}

/** The unique indexes of PostgreSQL. */
function refuseConflicts(rows: readonly InstanceRecord[]): void {
  const seen = new Set<string>();
  for (const { appName, replicaIndex, revision, containerId, status, removedAt } of rows) {
    const keys = [
      ...(containerId === null ? [] : [`container ${containerId}`]),
      ...(removedAt || !LIVE.has(status)
        ? []
        : [`live instance ${appName}/${replicaIndex} of revision ${revision}`]),
    ];
    for (const key of keys) {
      if (seen.has(key)) throw new Error(`duplicate key: a second ${key}`);
      seen.add(key);
    }
  }
}
