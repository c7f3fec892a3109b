import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type {
  ApplicationDeclaration,
  ApplicationRecord,
  ApplicationStatus,
  NewEvent,
  SyncChanges,
} from '../store.ts';
import { incoming, list, type Columns } from './columns.ts';
import { EVENT_COLUMNS } from './events.ts';

export const APPLICATION_COLUMNS: Columns<ApplicationRecord> = [
  ['name', 'name', 'text'],
  ['uid', 'uid', 'uuid'],
  ['spec', 'manifest', 'jsonb'],
  ['generation', 'generation', 'bigint'],
  ['observed_generation', 'observedGeneration', 'bigint'],
  ['revision', 'revision', 'integer'],
  ['spec_hash', 'specHash', 'text'],
  ['status', 'status', 'text'],
  ['replicas', 'replicas', 'integer'],
  ['desired_replicas', 'desiredReplicas', 'integer'],
  ['conditions', 'conditions', 'jsonb'],
  ['source_path', 'sourcePath', 'text'],
  ['source_revision', 'sourceRevision', 'text'],
  ['deletion_requested_at', 'deletionRequestedAt', 'timestamptz'],
  ['created_at', 'createdAt', 'timestamptz'],
  ['updated_at', 'updatedAt', 'timestamptz'],
];

const STATUS_COLUMNS: Columns<ApplicationStatus> = [
  ['name', 'name', 'text'],
  ['uid', 'uid', 'uuid'],
  ['observed_generation', 'observedGeneration', 'bigint'],
  ['status', 'status', 'text'],
  ['replicas', 'replicas', 'integer'],
  ['desired_replicas', 'desiredReplicas', 'integer'],
  ['conditions', 'conditions', 'jsonb'],
];

/**
 * Creates and updates applications and returns the names of those that changed. The scaler owns the count in mode
 * auto; a new application begins with what the manifest says at least.
 */
export async function declareApplications(
  connection: Connection,
  declarations: readonly ApplicationDeclaration[],
): Promise<string[]> {
  if (declarations.length === 0) return [];
  const rows = await connection.query<{ name: string }>(
    `WITH declared AS (
       SELECT manifest #>> '{metadata,name}' AS name, manifest AS spec, "specHash" AS spec_hash,
              "sourcePath" AS source_path, "sourceRevision" AS source_revision,
              manifest #>> '{scaling,mode}' AS mode,
              COALESCE(manifest #>> '{scaling,replicas}', manifest #>> '{scaling,minReplicas}')::integer AS replicas,
              (manifest #>> '{spec,suspend}')::boolean AS suspended
       FROM json_to_recordset(?)
         AS d (manifest jsonb, "specHash" text, "sourcePath" text, "sourceRevision" text)
     )
     INSERT INTO applications AS a
       (name, spec, spec_hash, source_path, source_revision, mode, desired_replicas, suspended)
     SELECT name, spec, spec_hash, source_path, source_revision, mode, replicas, suspended FROM declared ORDER BY name
     ON CONFLICT (name) DO UPDATE SET
       spec = EXCLUDED.spec,
       generation = a.generation + (a.spec <> EXCLUDED.spec)::integer,
       revision = CASE WHEN a.spec_hash = EXCLUDED.spec_hash THEN a.revision
         ELSE 1 + GREATEST(a.revision, (SELECT max(revision) FROM revisions r WHERE r.app_uid = a.uid)) END,
       spec_hash = EXCLUDED.spec_hash,
       source_path = EXCLUDED.source_path,
       source_revision = EXCLUDED.source_revision,
       mode = EXCLUDED.mode,
       desired_replicas = CASE EXCLUDED.mode WHEN 'manual' THEN EXCLUDED.desired_replicas ELSE a.desired_replicas END,
       last_scaled_at = CASE WHEN EXCLUDED.mode = 'manual' AND EXCLUDED.desired_replicas <> a.desired_replicas
         THEN now() ELSE a.last_scaled_at END,
       suspended = EXCLUDED.suspended,
       deletion_requested_at = NULL
     WHERE (a.spec, a.spec_hash, a.source_path, a.source_revision, a.deletion_requested_at) IS DISTINCT FROM
       (EXCLUDED.spec, EXCLUDED.spec_hash, EXCLUDED.source_path, EXCLUDED.source_revision, NULL::timestamptz)
     RETURNING name`,
    [toJson(declarations)],
  );
  return rows.map(({ name }) => name);
}

/** Requests deletions, each at the first moment it was requested, or takes them back; returns the names that changed. */
export async function requestDeletions(
  connection: Connection,
  deletions: SyncChanges['deletions'],
): Promise<string[]> {
  if (deletions.length === 0) return [];
  const rows = await connection.query<{ name: string }>(
    `UPDATE applications a SET deletion_requested_at = d."requestedAt"
     FROM json_to_recordset(?) AS d (name text, "requestedAt" timestamptz)
     WHERE a.name = d.name AND (a.deletion_requested_at IS NULL) <> (d."requestedAt" IS NULL)
     RETURNING a.name`,
    [toJson(deletions)],
  );
  return rows.map(({ name }) => name);
}

export async function writeApplicationStatus(
  connection: Connection,
  applications: readonly ApplicationStatus[],
): Promise<void> {
  if (applications.length === 0) return;
  const columns = STATUS_COLUMNS.slice(2);
  await connection.query(
    `UPDATE applications a SET (${list(columns)}, last_scaled_at) = (${list(columns, 'n.')},
       CASE WHEN a.desired_replicas <> n.desired_replicas THEN now() ELSE a.last_scaled_at END)
     FROM (${incoming(STATUS_COLUMNS)}) n
     WHERE a.name = n.name AND a.uid = n.uid
       AND (${list(columns, 'a.')}) IS DISTINCT FROM (${list(columns, 'n.')})`,
    [toJson(applications)],
  );
}

/** The event is recorded with the deletion or not at all, so that a repeated call records it once. What was declared again stays. */
export async function deleteApplication(
  connection: Connection,
  name: string,
  uid: string,
  event: NewEvent,
): Promise<void> {
  await connection.query(
    `WITH gone AS (DELETE FROM applications WHERE name = ? AND uid = ? AND deletion_requested_at IS NOT NULL RETURNING name)
     INSERT INTO events (${list(EVENT_COLUMNS)})
     SELECT ${list(EVENT_COLUMNS)} FROM (${incoming(EVENT_COLUMNS)}) n WHERE EXISTS (SELECT FROM gone)`,
    [name, uid, toJson([event])],
  );
}
