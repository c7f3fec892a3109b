import type { Database } from './database.ts';

const BATCH_ROWS = 10_000;

/** A bucket's newer messages come first, for batches are taken from the oldest on. */
const COMPRESS = `
  WITH old AS (
    DELETE FROM events WHERE id IN (SELECT id FROM events WHERE timestamp < ? ORDER BY timestamp, id LIMIT ?)
    RETURNING date_trunc('hour', timestamp, 'UTC') AS hour_bucket, app_name, event_type, severity, message, timestamp, id
  ),
  counts AS (
    SELECT hour_bucket, app_name, event_type, sum(count) AS event_count,
           jsonb_object_agg(severity, count) AS severity_counts
    FROM (SELECT hour_bucket, app_name, event_type, severity, count(*) FROM old GROUP BY 1, 2, 3, 4) by_severity
    GROUP BY 1, 2, 3
  ),
  samples AS (
    SELECT hour_bucket, app_name, event_type, (array_agg(message ORDER BY latest DESC, last_id DESC))[1:5] AS sample_messages
    FROM (SELECT hour_bucket, app_name, event_type, message, max(timestamp) AS latest, max(id) AS last_id
          FROM old GROUP BY 1, 2, 3, 4) by_message
    GROUP BY 1, 2, 3
  ),
  compressed AS (
    INSERT INTO events_compressed AS c
      (hour_bucket, app_name, event_type, event_count, severity_counts, sample_messages)
    SELECT counts.*, sample_messages FROM counts JOIN samples s
      ON s.hour_bucket = counts.hour_bucket AND s.event_type = counts.event_type
      AND s.app_name IS NOT DISTINCT FROM counts.app_name
    ON CONFLICT (hour_bucket, event_type, COALESCE(app_name, '')) DO UPDATE SET
      event_count = c.event_count + EXCLUDED.event_count,
      severity_counts = (
        SELECT jsonb_object_agg(key, sum) FROM (
          SELECT key, sum(value::bigint) FROM (
            SELECT * FROM jsonb_each_text(c.severity_counts)
            UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.severity_counts)) both_counts
          GROUP BY key) sums),
      sample_messages = (
        SELECT array_agg(message ORDER BY place) FROM (
          SELECT message, min(place) AS place
          FROM unnest(EXCLUDED.sample_messages || c.sample_messages) WITH ORDINALITY AS both_samples (message, place)
          GROUP BY message ORDER BY place LIMIT 5) latest)
  )
  SELECT count(*) FROM old`;

/**
 * Replaces events older than `daysOld` by their counts of each hour, application and type, and returns how many there
 * were. Each batch is one transaction: an event is either still there or counted, whatever interrupts.
 */
export async function compressOldEvents(database: Database, daysOld = 90): Promise<number> {
  const [moment] = await database.query<{ cutoff: Date }>(
    'SELECT now() - make_interval(secs => 86400 * ?::float8) AS cutoff',
    [daysOld],
  );
  if (!moment) throw new Error('a query of one row returned none');
  for (let compressed = 0; ;) {
    const taken = await compressBatch(database, moment.cutoff);
    if (taken === 0) return compressed;
    compressed += taken;
  }
}

function compressBatch(database: Database, cutoff: Date): Promise<number> {
  return database.transaction(async (connection) => {
    await connection.query("SELECT set_config('autoserve.retention', 'on', true)");
    const [row] = await connection.query<{ count: number }>(COMPRESS, [cutoff, BATCH_ROWS]);
    return row?.count ?? 0;
  });
}
