import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type { ManifestRecord } from '../store.ts';
import { assignments, incoming, list, selectList, type Columns } from './columns.ts';

const MANIFEST_COLUMNS: Columns<ManifestRecord> = [
  ['path', 'path', 'text'],
  ['content_hash', 'contentHash', 'text'],
  ['status', 'status', 'text'],
  ['apps', 'apps', 'text[]'],
  ['errors', 'errors', 'jsonb'],
  ['warnings', 'warnings', 'jsonb'],
];

export function selectManifests(connection: Connection): Promise<ManifestRecord[]> {
  return connection.query<ManifestRecord>(
    `SELECT ${selectList(MANIFEST_COLUMNS)} FROM manifests ORDER BY path`,
  );
}

export async function upsertManifests(
  connection: Connection,
  manifests: readonly ManifestRecord[],
): Promise<void> {
  if (manifests.length === 0) return;
  await connection.query(
    `INSERT INTO manifests AS m (${list(MANIFEST_COLUMNS)}) ${incoming(MANIFEST_COLUMNS)}
     ON CONFLICT (path) DO UPDATE SET ${assignments(MANIFEST_COLUMNS, 'EXCLUDED')}
     WHERE (${list(MANIFEST_COLUMNS, 'm.')}) IS DISTINCT FROM (${list(MANIFEST_COLUMNS, 'EXCLUDED.')})`,
    [toJson(manifests)],
  );
}

export async function removeManifests(connection: Connection, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await connection.query('DELETE FROM manifests WHERE path IN (SELECT json_array_elements_text(?))', [
    toJson(paths),
  ]);
}
