import { revisionChanges } from '../../manifest/diff.ts';
import type { App } from '../../manifest/app.gen.ts';
import type { Connection } from '../database.ts';
import { MOST_CAPSULES, type Capsule, type CapsuleRecord } from '../failure.ts';
import { toJson } from '../json.ts';
import { incoming, list, type Columns } from './columns.ts';

const FAILURE_COLUMNS: Columns<CapsuleRecord> = [
  ['app_name', 'appName', 'text'],
  ['app_uid', 'appUid', 'uuid'],
  ['container_name', 'containerName', 'text'],
  ['container_id', 'containerId', 'text'],
  ['replica_index', 'replicaIndex', 'integer'],
  ['revision', 'revision', 'integer'],
  ['failed_at', 'failedAt', 'timestamptz'],
  ['started_at', 'startedAt', 'timestamptz'],
  ['reason', 'reason', 'text'],
  ['message', 'message', 'text'],
  ['exit_code', 'exitCode', 'integer'],
  ['oom_killed', 'oomKilled', 'boolean'],
  ['probes', 'probes', 'jsonb'],
  ['logs', 'logs', 'text'],
  ['log_error', 'logError', 'text'],
  ['stable_revision', 'stableRevision', 'integer'],
  ['changes', 'changes', 'text[]'],
];

/** See `Store.recordFailure`; in a transaction. */
export async function recordFailure(connection: Connection, capsule: Capsule): Promise<void> {
  const record: CapsuleRecord = { ...capsule, ...(await changesOf(connection, capsule)) };
  await connection.query(
    `INSERT INTO failures AS f (${list(FAILURE_COLUMNS)}) ${incoming(FAILURE_COLUMNS)}
     ON CONFLICT (container_id) DO UPDATE SET logs = EXCLUDED.logs, log_error = NULL
     WHERE f.log_error IS NOT NULL AND EXCLUDED.log_error IS NULL`,
    [toJson([record])],
  );
  await connection.query(
    `DELETE FROM failures WHERE id IN (
       SELECT id FROM failures WHERE app_name = ? ORDER BY failed_at DESC, id DESC OFFSET ?)`,
    [capsule.appName, MOST_CAPSULES],
  );
}

/** How the failed revision differs from the last one before it that was rolled out completely. */
async function changesOf(
  connection: Connection,
  { appUid, revision }: Capsule,
): Promise<Pick<CapsuleRecord, 'stableRevision' | 'changes'>> {
  const [row] = await connection.query<{ revision: number; before: App; after: App }>(
    `SELECT stable.revision, stable.spec AS before, failed.spec AS after
     FROM revisions failed JOIN revisions stable USING (app_uid)
     WHERE app_uid = ? AND failed.revision = ?
       AND stable.revision < failed.revision AND stable.stable AND NOT stable.quarantined
     ORDER BY stable.revision DESC LIMIT 1`,
    [appUid, revision],
  );
  return {
    stableRevision: row?.revision ?? null,
    changes: row ? revisionChanges(row.before, row.after) : [],
  };
}
