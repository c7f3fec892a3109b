import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';

/** Keeps a copy of the present revision of each of these applications, unless there is one already. */
export async function recordRevisions(connection: Connection, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await connection.query(
    `INSERT INTO revisions (app_name, app_uid, revision, spec, spec_hash, source_path, source_revision)
     SELECT name, uid, revision, spec, spec_hash, source_path, source_revision FROM applications
     WHERE name IN (SELECT json_array_elements_text(?))
     ON CONFLICT (app_uid, revision) DO NOTHING`,
    [toJson(names)],
  );
}
