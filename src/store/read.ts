import type { Rollout } from '../controllers/rollout/rollout.ts';
import type { LedgerInputs, LedgerWord } from '../controllers/scaling/ledger.ts';
import type { App, HealthCheck } from '../manifest/app.gen.ts';
import type { Connection } from './database.ts';
import type { Probe } from './instance-health.ts';
import type {
  ApplicationWord,
  Condition,
  EventSeverity,
  EventType,
  HealthWord,
  InstanceWord,
  ManifestProblem,
  Target,
} from './store.ts';

/** What readers see: rows whose keys are the database's column names, ready for JSON; moments are ISO 8601. */
export interface ApplicationRow {
  name: string;
  uid: string;
  spec: App;
  status: ApplicationWord;
  created_at: string;
  updated_at: string;
  replicas: number;
  desired_replicas: number;
  /** The count that the scaler, or in mode manual a person, decided on. */
  scaled_replicas: number | null;
  last_scaled_at: string | null;
  mode: 'auto' | 'manual';
  generation: number;
  observed_generation: number;
  revision: number;
  spec_hash: string;
  conditions: Condition[];
  source_path: string | null;
  source_revision: string | null;
  suspended: boolean;
  deletion_requested_at: string | null;
  /** The revision that is kept instead of the manifest's. */
  target_revision: number | null;
  target_reason: Target['reason'] | null;
  rollout: Rollout | null;
  rollout_paused: boolean;
  retries: number;
}

export interface InstanceRow {
  id: number;
  app_name: string;
  container_id: string | null;
  container_name: string;
  replica_index: number;
  revision: number;
  attempt: number;
  restarts: number;
  spec_hash: string;
  image_id: string | null;
  ip: string | null;
  port: number | null;
  status: InstanceWord;
  health_status: HealthWord;
  created_at: string;
  updated_at: string;
  started_at: string | null;
  finished_at: string | null;
  removed_at: string | null;
  exit_code: number | null;
  oom_killed: boolean;
  last_health_check: string | null;
  failure_count: number;
  consecutive_failures: number;
  last_failure_at: string | null;
  cpu_percent: number;
  memory_percent: number;
  memory_usage_bytes: number;
  draining_since: string | null;
  health_since: string | null;
  last_probes: Probe[];
  health_check: HealthCheck | null;
}

export interface EventRow {
  id: number;
  event_type: EventType;
  event_category: string;
  reason: string;
  app_name: string | null;
  app_uid: string | null;
  container_id: string | null;
  message: string;
  details: Record<string, unknown> | null;
  severity: EventSeverity;
  timestamp: string;
  source: string;
  node_id: string | null;
}

export interface ManifestRow {
  path: string;
  content_hash: string;
  status: 'accepted' | 'error';
  apps: string[];
  errors: ManifestProblem[];
  warnings: ManifestProblem[];
  created_at: string;
  updated_at: string;
}

export interface RevisionRow {
  id: number;
  app_name: string;
  app_uid: string;
  revision: number;
  spec: App;
  spec_hash: string;
  image_id: string | null;
  image_digest: string | null;
  source_path: string | null;
  source_revision: string | null;
  stable: boolean;
  quarantined: boolean;
  created_at: string;
}

/** What was kept of an instance that failed, before its container was removed. */
export interface FailureRow {
  id: number;
  app_name: string;
  app_uid: string;
  container_name: string;
  container_id: string | null;
  replica_index: number;
  revision: number;
  started_at: string | null;
  failed_at: string;
  reason: string;
  /** For people. */
  message: string;
  exit_code: number | null;
  oom_killed: boolean;
  logs: string;
  /** Why there are no logs. */
  log_error: string | null;
  probes: Probe[];
  /** The last revision before its own that once was rolled out completely, and what its own changed. */
  stable_revision: number | null;
  changes: string[];
}

/** A look of the scaler at an app. */
export interface ScalingDecisionRow {
  id: number;
  app_name: string;
  app_uid: string;
  evaluated_at: string;
  current_replicas: number;
  desired_replicas: number;
  decision: LedgerWord;
  reason: string;
  message: string;
  inputs: LedgerInputs;
  clamps: string[];
}

const EVENT_LIMIT = 100;

/** Applications by name; with `name`, that one or none. */
export function listApplications(connection: Connection, name?: string): Promise<ApplicationRow[]> {
  return read<ApplicationRow>(
    connection,
    'SELECT * FROM applications WHERE name = COALESCE(?, name) ORDER BY name',
    [name ?? null],
  );
}

/** The instances that are there, not those removed; with `app`, of that application. */
export function listInstances(connection: Connection, app?: string): Promise<InstanceRow[]> {
  return read<InstanceRow>(
    connection,
    `SELECT * FROM instances WHERE removed_at IS NULL AND app_name = COALESCE(?, app_name)
     ORDER BY app_name, replica_index, revision, attempt`,
    [app ?? null],
  );
}

/** The last `limit` events (100), the oldest of them first; with `app` and `after`, of that application, of a higher id. */
export function listEvents(
  connection: Connection,
  app?: string,
  { limit = EVENT_LIMIT, after = 0 }: { limit?: number; after?: number } = {},
): Promise<EventRow[]> {
  const ofApp = app === undefined ? 'true' : 'app_name = ?';
  return read<EventRow>(
    connection,
    `SELECT * FROM (
       SELECT * FROM events WHERE ${ofApp} AND id > ? ORDER BY timestamp DESC, id DESC LIMIT ?
     ) latest ORDER BY timestamp, id`,
    app === undefined ? [after, limit] : [app, after, limit],
  );
}

export function listManifests(connection: Connection): Promise<ManifestRow[]> {
  return read<ManifestRow>(connection, 'SELECT * FROM manifests ORDER BY path', []);
}

/** Every revision that applications of this name ever had, the oldest first. */
export function listRevisions(connection: Connection, app: string): Promise<RevisionRow[]> {
  return read<RevisionRow>(connection, 'SELECT * FROM revisions WHERE app_name = ? ORDER BY id', [app]);
}

/** The last failure of each replica of an app, the latest first. */
export function listFailures(connection: Connection, app: string): Promise<FailureRow[]> {
  return read<FailureRow>(
    connection,
    `SELECT * FROM (
       SELECT DISTINCT ON (replica_index) * FROM failures WHERE app_name = ?
       ORDER BY replica_index, failed_at DESC, id DESC
     ) latest ORDER BY failed_at DESC, id DESC`,
    [app],
  );
}

/** What the scaler last decided on this app; undefined when it never looked at it. */
export async function lastDecision(
  connection: Connection,
  { name, uid }: Pick<ApplicationRow, 'name' | 'uid'>,
): Promise<ScalingDecisionRow | undefined> {
  const [row] = await read<ScalingDecisionRow>(
    connection,
    `SELECT * FROM scaling_decisions WHERE app_name = ? AND app_uid = ?
     ORDER BY evaluated_at DESC, id DESC LIMIT 1`,
    [name, uid],
  );
  return row;
}

async function read<Row extends object>(
  connection: Connection,
  sql: string,
  bindings: readonly (string | number | null)[],
): Promise<Row[]> {
  const rows = await connection.query<Record<string, unknown>>(sql, bindings);
  return rows.map((row) => {
    const cells = Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Date ? value.toISOString() : value,
    ]);
    return Object.fromEntries(cells) as Row;
  });
}
