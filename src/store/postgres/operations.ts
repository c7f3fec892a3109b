import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type { InstanceStatus, NewOperation, OperationClosure } from '../store.ts';
import { incoming, list, type Columns } from './columns.ts';
import { sendUpsert, UPSERT_INSTANCES } from './instances.ts';

export const OPERATION_COLUMNS: Columns<NewOperation> = [
  ['id', 'id', 'uuid'],
  ['app_name', 'appName', 'text'],
  ['app_uid', 'appUid', 'uuid'],
  ['kind', 'kind', 'text'],
  ['target', 'target', 'text'],
  ['container_id', 'containerId', 'text'],
  ['cause', 'cause', 'text'],
];

const CLOSURE_COLUMNS: Columns<OperationClosure> = [
  ['id', 'id', 'uuid'],
  ['outcome', 'outcome', 'text'],
  ['container_id', 'containerId', 'text'],
  ['error', 'error', 'text'],
];

/** One statement for both, so that an intent and its instance are there together or not at all. */
export async function openOperations(
  connection: Connection,
  operations: readonly NewOperation[],
  instances: readonly InstanceStatus[],
): Promise<void> {
  if (operations.length === 0 && instances.length === 0) return;
  await sendUpsert(
    connection,
    `WITH opened AS (
       INSERT INTO operations (${list(OPERATION_COLUMNS)}) ${incoming(OPERATION_COLUMNS)}
       ON CONFLICT (id) DO NOTHING
     ), ${UPSERT_INSTANCES}`,
    [toJson(operations), toJson(instances)],
  );
}

export async function closeOperations(
  connection: Connection,
  closures: readonly OperationClosure[],
): Promise<void> {
  if (closures.length === 0) return;
  await connection.query(
    `UPDATE operations o
     SET outcome = n.outcome, error = n.error, finished_at = now(),
         container_id = COALESCE(n.container_id, o.container_id)
     FROM (${incoming(CLOSURE_COLUMNS)}) n
     WHERE o.id = n.id AND o.outcome IS NULL`,
    [toJson(closures)],
  );
}
