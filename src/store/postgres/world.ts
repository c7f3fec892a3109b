import type { Connection } from '../database.ts';
import type { ApplicationRecord, InstanceRecord, OperationRecord, World } from '../store.ts';
import { APPLICATION_COLUMNS, APPLICATIONS } from './applications.ts';
import { selectList, type Columns } from './columns.ts';
import { HEALTH_COLUMNS, INSTANCE_COLUMNS } from './instances.ts';
import { OPERATION_COLUMNS } from './operations.ts';

const INSTANCE_RECORD_COLUMNS: Columns<InstanceRecord> = [
  ['id', 'id', 'bigint'],
  ...INSTANCE_COLUMNS,
  ...HEALTH_COLUMNS,
  ['created_at', 'createdAt', 'timestamptz'],
  ['updated_at', 'updatedAt', 'timestamptz'],
];
const OPERATION_RECORD_COLUMNS: Columns<OperationRecord> = [
  ...OPERATION_COLUMNS,
  ['started_at', 'startedAt', 'timestamptz'],
];

/** One statement, for one statement sees one moment. */
const WORLD = `
  SELECT
    (SELECT COALESCE(json_agg(r), '[]') FROM (
      SELECT ${selectList(APPLICATION_COLUMNS)} FROM ${APPLICATIONS} a ORDER BY name) r) AS applications,
    (SELECT COALESCE(json_agg(r), '[]') FROM (
      SELECT ${selectList(INSTANCE_RECORD_COLUMNS)} FROM instances WHERE removed_at IS NULL ORDER BY id) r) AS instances,
    (SELECT COALESCE(json_agg(r), '[]') FROM (
      SELECT ${selectList(OPERATION_RECORD_COLUMNS)} FROM operations WHERE outcome IS NULL
      ORDER BY started_at, id) r) AS "openOperations"`;

export async function selectWorld(connection: Connection): Promise<World> {
  const [world] = await connection.query<World>(WORLD);
  if (!world) throw new Error('a query of one row returned none');
  return {
    applications: revive(world.applications, APPLICATION_COLUMNS),
    instances: revive(world.instances, INSTANCE_RECORD_COLUMNS),
    openOperations: revive(world.openOperations, OPERATION_RECORD_COLUMNS),
  };
}

/** JSON has no dates. */
function revive<Record extends ApplicationRecord | InstanceRecord | OperationRecord>(
  records: Record[],
  columns: Columns<Record>,
): Record[] {
  const dates = columns.filter(([, , type]) => type === 'timestamptz').map(([, property]) => property);
  for (const record of records)
    for (const property of dates) {
      const text = record[property];
      if (typeof text === 'string') Object.assign(record, { [property]: new Date(text) });
    }
  return records;
}
