import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type { RevisionImage } from '../revision-image.ts';

/**
 * Keeps a copy of the present revision of each of these applications. One that is there already gets the manifest that
 * was declared last with it, so that who goes back to it finds that; its source stays the one that made it. Of each
 * application go those that are too many.
 */
export async function recordRevisions(connection: Connection, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await connection.query(
    `INSERT INTO revisions AS r (app_name, app_uid, revision, spec, spec_hash, source_path, source_revision)
     SELECT name, uid, revision, spec, spec_hash, source_path, source_revision FROM applications
     WHERE name IN (SELECT json_array_elements_text(?))
     ON CONFLICT (app_uid, revision) DO UPDATE SET spec = EXCLUDED.spec WHERE r.spec <> EXCLUDED.spec`,
    [toJson(names)],
  );
  await connection.query(
    `DELETE FROM revisions r USING applications a
     WHERE a.name IN (SELECT json_array_elements_text(?)) AND r.app_uid = a.uid
       AND NOT is_kept_revision(r.app_uid, r.revision)`,
    [toJson(names)],
  );
}

/** Only where the image is another one, or its digest was not known. */
export async function recordImage(
  connection: Connection,
  { appUid, revision, imageId, imageDigest }: RevisionImage,
): Promise<void> {
  await connection.query(
    `UPDATE revisions SET image_id = ?, image_digest = ?
     WHERE app_uid = ? AND revision = ? AND (image_id, image_digest) IS DISTINCT FROM (?::text, ?::text)`,
    [imageId, imageDigest, appUid, revision, imageId, imageDigest],
  );
}
