import { AutoServeError } from '../error.ts';
import type { Connection } from './database.ts';

/** What a batch takes of a partition: some 20,000 rows, which are moved in about a second. */
const BATCH_BLOCKS = 256;
const UNDEFINED_TABLE = '42P01';

const COLUMNS = 'id, app_name, metric_type, timestamp, value, labels, unit, aggregation_level';

/** What an archive has: the columns of metrics and when a row came. */
const ARCHIVE_COLUMNS = `${COLUMNS}, archived_at`;

/** Names that AutoServe gives to partitions are not for archives. */
const ARCHIVE_NAME = /^(?!metrics_(instance|app|system)_)[a-z_][a-z0-9_]{0,62}$/;

/**
 * Removes all metrics older than `retentionHours`, of every level, and returns how many: whole partitions are dropped,
 * the rest is deleted in batches.
 */
export async function cleanupOldMetrics(connection: Connection, retentionHours = 168): Promise<number> {
  const [old] = await connection.query<{ cutoff: Date; dropped: number }>(
    `SELECT cutoff, (SELECT sum(drop_metrics_partitions(level, cutoff)) FROM unnest(ARRAY['instance', 'app', 'system']) level)::bigint AS dropped
     FROM (SELECT now() - make_interval(secs => 3600 * ?::float8) AS cutoff) moment`,
    [retentionHours],
  );
  if (!old) throw new Error('a query of one row returned none');
  const deleted = await takeOldRows(
    connection,
    old.cutoff,
    (rows) => `WITH taken AS (DELETE FROM ${rows} RETURNING id) SELECT count(*) FROM taken`,
  );
  return old.dropped + deleted;
}

/**
 * Moves all metrics from before `cutoff` into the table `archiveTable`, made first if it is not there, and returns how
 * many. Each batch is moved by one statement, so that one that is interrupted is where it was, and the next call goes on.
 *
 * @throws AutoServeError `InvalidArchive` when the name is not a plain one, or names a table that is no archive
 */
export async function archiveOldMetrics(
  connection: Connection,
  cutoff: Date,
  archiveTable = 'metrics_archive',
): Promise<number> {
  await openArchive(connection, archiveTable);
  return await takeOldRows(
    connection,
    cutoff,
    (rows) => `
      WITH taken AS (DELETE FROM ${rows} RETURNING ${COLUMNS}),
      archived AS (INSERT INTO "${archiveTable}" (${COLUMNS}) SELECT ${COLUMNS} FROM taken RETURNING id)
      SELECT count(*) FROM archived`,
  );
}

/** No default, no check and no sequence of `metrics` is shared; a row that came twice would be refused. */
async function openArchive(connection: Connection, name: string): Promise<void> {
  if (!ARCHIVE_NAME.test(name))
    throw invalid(`"${name}" cannot be the name of an archive`, 'use lower-case letters, digits and _');
  await connection.query(`
    SELECT pg_advisory_xact_lock(hashtext('autoserve metrics archive'));
    CREATE TABLE IF NOT EXISTS "${name}" (
      id BIGINT PRIMARY KEY,
      app_name VARCHAR(253),
      metric_type VARCHAR(50) NOT NULL,
      timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
      value DOUBLE PRECISION NOT NULL,
      labels JSONB,
      unit VARCHAR(20),
      aggregation_level VARCHAR(20) NOT NULL,
      archived_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now()
    )`);
  const columns = await connection.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum',
    [`"${name}"`],
  );
  if (columns.map((column) => column.name).join(', ') !== ARCHIVE_COLUMNS)
    throw invalid(`the table ${name} is no archive of metrics`, 'name another table, or none');
}

function invalid(message: string, remedy: string): AutoServeError {
  return new AutoServeError('InvalidArchive', message, { remedy });
}

/**
 * Runs a statement on every batch of rows from before `cutoff` and returns the sum of what each counts. A batch is some
 * blocks of a partition, so that nothing is looked at twice; for it the statement is given what follows `DELETE FROM`.
 */
async function takeOldRows(
  connection: Connection,
  cutoff: Date,
  statement: (rows: string) => string,
): Promise<number> {
  const partitions = await connection.query<{ name: string; blocks: number }>(
    `SELECT name, pg_relation_size(name::regclass) / current_setting('block_size')::int AS blocks
     FROM (SELECT partition::text AS name FROM metrics_partitions() WHERE from_time < ?
           UNION ALL SELECT format('metrics_%s_default', level) FROM unnest(ARRAY['instance', 'app', 'system']) level) p`,
    [cutoff],
  );
  let taken = 0;
  for (const { name, blocks } of partitions) {
    const sql = statement(`${name} WHERE ctid >= ?::tid AND ctid < ?::tid AND timestamp < ?`);
    for (let block = 0; block < blocks; block += BATCH_BLOCKS) {
      const bindings = [`(${block},0)`, `(${block + BATCH_BLOCKS},0)`, cutoff];
      try {
        const [row] = await connection.query<{ count: number }>(sql, bindings);
        taken += row?.count ?? 0;
      } catch (error) {
        // Retention was quicker and dropped it.
        if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
        break;
      }
    }
  }
  return taken;
}
