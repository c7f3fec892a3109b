import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '../src/store/database.ts';
import { EmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import { getAppMetricsWindow, insertMetrics, type MetricSample } from '../src/store/metrics.ts';
import { migrate } from '../src/store/migrate.ts';
import { PRIMARY_POOL } from '../src/store/pool.ts';
import { copyFrom } from './copy.ts';
import { median, type Row } from './row.ts';

const INGESTED = 100_000;
const BATCH = 1_000;
const ROUNDS = 5;
const APPS = 200;
const INSTANCES = 5;
const TICK_SECONDS = 15;
const TYPES = ['cpu_percent', 'memory_percent', 'rps', 'latency_p95', 'active_connections'] as const;
const ROWS_OF_A_TICK = APPS * INSTANCES * TYPES.length;
const FEW = 100_000;
const MANY = 10_000_000;
const WINDOWS = 100;

/** Metrics on the embedded PostgreSQL: writing them, reading them, getting rid of them. */
export async function metricsRows(add: (row: Row) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'autoserve-bench-'));
  // The embedded PostgreSQL of root runs as another user, who must be able to enter.
  await chmod(root, 0o711);
  const postgres = await EmbeddedPostgres.start(join(root, 'data'), () => {});
  await migrate(postgres.url);
  const database = new Database(postgres.url, { ...PRIMARY_POOL, commandTimeoutMs: 0 });
  try {
    await database.query('SELECT ensure_metrics_partitions()');
    // Ten million rows take eight hours of the past.
    await database.query(
      'CREATE TABLE yesterday PARTITION OF metrics_instance FOR VALUES FROM (current_date - 1) TO (current_date)',
    );
    add(await ingest(database, postgres.url));
    add(await windowOverHistory(database));
    add(await retentionOfADay(database));
  } finally {
    await database.close();
    await postgres.stop();
    await rm(root, { recursive: true });
  }
}

async function ingest(database: Database, url: string): Promise<Row> {
  const begin = Date.now() - INGESTED;
  const samples = Array.from({ length: INGESTED }, (_, index): MetricSample => ({
    appName: `app-${index % APPS}`,
    metricType: TYPES[index % TYPES.length] ?? 'rps',
    timestamp: new Date(begin + index),
    value: Math.random() * 100,
    labels: { instance: `app-${index % APPS}-${index % INSTANCES}-r1-1` },
    unit: '%',
    aggregationLevel: 'instance',
  }));
  const batches = Array.from({ length: INGESTED / BATCH }, (_, index) =>
    samples.slice(index * BATCH, (index + 1) * BATCH),
  );
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [inserts, copies]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      copies.push(await milliseconds(() => copyFrom(client, COPY, batches.map(copyText))));
      await database.query('TRUNCATE metrics');
      inserts.push(
        await milliseconds(async () => {
          for (const batch of batches) await insertMetrics(database, batch);
        }),
      );
      await database.query('TRUNCATE metrics');
    }
  } finally {
    await client.end();
  }
  const [copied, inserted] = [copies, inserts].map((times) => (INGESTED / median(times)) * 1_000) as [
    number,
    number,
  ];
  return {
    work: `metrics ingest, batches of ${BATCH} rows`,
    yardstick: `${thousands(copied)} rows/s: one COPY of the same ${INGESTED} rows`,
    measured: `${thousands(inserted)} rows/s (${(inserted / copied).toFixed(2)} ×)`,
    bound: 'at least 0.5 ×',
    met: inserted >= 0.5 * copied,
  };
}

const COPY =
  'COPY metrics (app_name, metric_type, timestamp, value, labels, unit, aggregation_level) FROM STDIN';

function copyText(samples: readonly MetricSample[]): string {
  return samples
    .map((sample) =>
      [
        sample.appName,
        sample.metricType,
        sample.timestamp.toISOString(),
        sample.value,
        JSON.stringify(sample.labels),
        sample.unit,
        sample.aggregationLevel,
      ].join('\t'),
    )
    .map((line) => `${line}\n`)
    .join('');
}

async function windowOverHistory(database: Database): Promise<Row> {
  await fill(database, 0, FEW);
  const few = await windowMedian(database);
  await database.query('TRUNCATE metrics');
  await fill(database, FEW, MANY - FEW);
  await fill(database, 0, FEW);
  await database.query('ANALYZE metrics');
  const many = await windowMedian(database);
  return {
    work: `getAppMetricsWindow with ${thousands(MANY)} rows of ${APPS} apps`,
    yardstick: `${few.toFixed(2)} ms with ${thousands(FEW)} rows`,
    measured: `${many.toFixed(2)} ms (${(many / few).toFixed(2)} ×)`,
    bound: 'at most 2 ×, under 20 ms',
    met: many <= 2 * few && many < 20,
  };
}

/** `count` samples of all instances in their order, one every 15 s, the last of them as old as `newer` samples take. */
async function fill(database: Database, newer: number, count: number): Promise<void> {
  await database.query(
    `INSERT INTO metrics (app_name, metric_type, timestamp, value, labels, unit)
     SELECT 'app-' || 1 + i % ${APPS}, (ARRAY['${TYPES.join("', '")}'])[1 + i / ${APPS} % ${TYPES.length}],
            now() - make_interval(secs => (i / ${ROWS_OF_A_TICK} + ?::int) * ${TICK_SECONDS}), random() * 100,
            jsonb_build_object('instance', i / ${APPS * TYPES.length} % ${INSTANCES}), '%'
     FROM generate_series(?::int, 0, -1) i`,
    [newer / ROWS_OF_A_TICK, count - 1],
  );
}

async function windowMedian(database: Database): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < WINDOWS; index += 1)
    times.push(await milliseconds(() => getAppMetricsWindow(database, `app-${1 + (index % APPS)}`)));
  return median(times);
}

/**
 * The rows that are there; their deletion is rolled back, so that the same rows are dropped. A drop has done its work
 * when no session sees the rows any more and all locks are free; whoever asked for it waits until the file system has
 * taken the files back.
 */
async function retentionOfADay(database: Database): Promise<Row> {
  const undo = new Error('rolled back');
  let deleted = 0;
  await database.query('CHECKPOINT');
  await database
    .transaction(async (connection) => {
      deleted = await milliseconds(() => connection.query('DELETE FROM metrics'));
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  await database.query('CHECKPOINT');
  const begin = performance.now();
  const drop = database.query("SELECT drop_metrics_partitions('instance', now() + interval '1 day')");
  while ((await database.query('SELECT FROM metrics LIMIT 1')).length > 0);
  const gone = performance.now() - begin;
  await drop;
  const returned = performance.now() - begin;
  return {
    work: `retention of a day of ${thousands(MANY)} metrics rows`,
    yardstick: `${(deleted / 1_000).toFixed(1)} s: DELETE of the same rows`,
    measured: `${gone.toFixed(0)} ms (${(gone / deleted).toFixed(4)} ×), disk space back after ${returned.toFixed(0)} ms`,
    bound: 'at most 0.01 ×',
    met: gone <= 0.01 * deleted,
  };
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}
