import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type {
  ApplicationDeclaration,
  ApplicationRecord,
  ApplicationStatus,
  NewEvent,
  RollBack,
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
  ['scaled_replicas', 'scaledReplicas', 'integer'],
  ['last_scaled_at', 'lastScaledAt', 'timestamptz'],
  ['conditions', 'conditions', 'jsonb'],
  ['source_path', 'sourcePath', 'text'],
  ['source_revision', 'sourceRevision', 'text'],
  ['deletion_requested_at', 'deletionRequestedAt', 'timestamptz'],
  ['target', 'target', 'jsonb'],
  ['rollout', 'rollout', 'jsonb'],
  ['rollout_paused', 'rolloutPaused', 'boolean'],
  ['retries', 'retries', 'integer'],
  ['stable_revision', 'stableRevision', 'integer'],
  ['created_at', 'createdAt', 'timestamptz'],
  ['updated_at', 'updatedAt', 'timestamptz'],
];

const STATUS_COLUMNS: Columns<ApplicationStatus> = [
  ['observed_generation', 'observedGeneration', 'bigint'],
  ['status', 'status', 'text'],
  ['replicas', 'replicas', 'integer'],
  ['desired_replicas', 'desiredReplicas', 'integer'],
  ['conditions', 'conditions', 'jsonb'],
  ['rollout', 'rollout', 'jsonb'],
];

const INCOMING_STATUS: Columns<ApplicationStatus> = [
  ['name', 'name', 'text'],
  ['uid', 'uid', 'uuid'],
  ['retries', 'retries', 'integer'],
  ...STATUS_COLUMNS,
];

/** Of application `a`: the latest revision but the present one that was rolled out completely and did not fail since. */
const STABLE_REVISION = `(
  SELECT max(r.revision) FROM revisions r
  WHERE r.app_uid = a.uid AND r.stable AND NOT r.quarantined AND r.revision <> a.revision)`;

/** The applications with what their revisions say of them. */
export const APPLICATIONS = `(
  SELECT a.*,
    (SELECT json_build_object('revision', r.revision, 'specHash', r.spec_hash, 'manifest', r.spec,
                              'reason', a.target_reason)
     FROM revisions r WHERE r.app_uid = a.uid AND r.revision = a.target_revision) AS target,
    ${STABLE_REVISION} AS stable_revision
  FROM applications a)`;

/**
 * What an application keeps when another manifest is declared: what failed is held until its spec changes, a pin until
 * anything of the manifest does; a pin that ends over a revision that failed leaves that held.
 */
const KEPT_TARGET = `(
  SELECT a.target_revision, a.target_reason
  WHERE a.spec_hash = EXCLUDED.spec_hash AND (a.target_reason = 'RolledBack' OR a.spec = EXCLUDED.spec)
  UNION ALL
  SELECT ${STABLE_REVISION}, 'RolledBack' FROM revisions own
  WHERE a.spec_hash = EXCLUDED.spec_hash AND a.target_reason = 'Pinned' AND a.spec <> EXCLUDED.spec
    AND own.app_uid = a.uid AND own.revision = a.revision AND own.quarantined AND ${STABLE_REVISION} IS NOT NULL)`;

/**
 * Creates and updates applications and returns the names of those that changed. The scaler owns the count in mode
 * auto, and begins with what there is; a count that was set by hand holds until the manifest's `scaling` changes.
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
       scaled_replicas = CASE
         WHEN EXCLUDED.mode = 'auto' AND a.mode = 'manual' AND NOT a.suspended THEN a.desired_replicas
         WHEN EXCLUDED.mode = 'auto' OR a.spec->'scaling' = EXCLUDED.spec->'scaling' THEN a.scaled_replicas
       END,
       desired_replicas = CASE
         WHEN EXCLUDED.mode = 'manual' AND a.spec->'scaling' <> EXCLUDED.spec->'scaling'
         THEN EXCLUDED.desired_replicas ELSE a.desired_replicas END,
       last_scaled_at = CASE
         WHEN EXCLUDED.mode = 'manual' AND a.spec->'scaling' <> EXCLUDED.spec->'scaling'
           AND EXCLUDED.desired_replicas <> a.desired_replicas
         THEN now() ELSE a.last_scaled_at END,
       suspended = EXCLUDED.suspended,
       deletion_requested_at = NULL,
       (target_revision, target_reason) = ${KEPT_TARGET}
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
  await connection.query(
    `UPDATE applications a SET (${list(STATUS_COLUMNS)}, last_scaled_at) = (${list(STATUS_COLUMNS, 'n.')},
       CASE WHEN a.desired_replicas <> n.desired_replicas THEN now() ELSE a.last_scaled_at END)
     FROM (${incoming(INCOMING_STATUS)}) n
     WHERE a.name = n.name AND a.uid = n.uid AND a.retries = n.retries
       AND (${list(STATUS_COLUMNS, 'a.')}) IS DISTINCT FROM (${list(STATUS_COLUMNS, 'n.')})`,
    [toJson(applications)],
  );
  const complete = applications.flatMap(({ uid, rollout }) =>
    rollout?.outcome === 'complete' ? { uid, revision: rollout.revision } : [],
  );
  if (complete.length > 0) await markStable(connection, complete);
}

async function markStable(
  connection: Connection,
  complete: readonly { uid: string; revision: number }[],
): Promise<void> {
  await connection.query(
    `UPDATE revisions r SET stable = true
     FROM json_to_recordset(?) AS c (uid uuid, revision integer)
     WHERE r.app_uid = c.uid AND r.revision = c.revision AND NOT r.stable`,
    [toJson(complete)],
  );
}

/** See `Store.rollBack`; returns whether it went back. */
export async function rollBack(
  connection: Connection,
  { name, uid, from, to, retries, event }: RollBack,
): Promise<boolean> {
  const recorded = await connection.query(
    `WITH back AS (
       UPDATE applications SET target_revision = ?, target_reason = 'RolledBack'
       WHERE name = ? AND uid = ? AND revision = ? AND retries = ? AND target_revision IS NULL RETURNING uid
     ), bad AS (
       UPDATE revisions r SET quarantined = true FROM back WHERE r.app_uid = back.uid AND r.revision = ?
     )
     INSERT INTO events (${list(EVENT_COLUMNS)})
     SELECT ${list(EVENT_COLUMNS)} FROM (${incoming(EVENT_COLUMNS)}) n WHERE EXISTS (SELECT FROM back)
     RETURNING id`,
    [to, name, uid, from, retries, from, toJson([event])],
  );
  return recorded.length > 0;
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
