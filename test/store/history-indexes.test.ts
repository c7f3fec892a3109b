import { expect } from 'chai';
import { Database } from '../../src/store/database.ts';
import type { TestDatabase } from '../postgres.ts';
import { servers } from '../servers.ts';

const APP_TYPE_TIME = 'metrics_instance_default_app_name_metric_type_timestamp_idx';
const TIMESTAMP = 'metrics_instance_default_timestamp_idx';

/** What is asked of what grows with time, the table that holds it, and the indexes of which one makes it fast. */
const QUERIES: [query: string, table: string, ...indexes: string[]][] = [
  [
    `SELECT metric_type, avg(value) FROM metrics WHERE app_name = 'app-7' AND aggregation_level = 'instance'
     AND metric_type IN ('rps', 'cpu_percent') AND timestamp > now() - interval '5 minutes' GROUP BY metric_type`,
    'metrics_instance_default',
    APP_TYPE_TIME,
  ],
  [
    "SELECT * FROM metrics WHERE app_name = 'app-7' AND metric_type = 'rps' ORDER BY timestamp DESC LIMIT 20",
    'metrics_instance_default',
    APP_TYPE_TIME,
  ],
  [
    "SELECT * FROM metrics WHERE app_name = 'app-7' AND timestamp > now() - interval '1 hour'",
    'metrics_instance_default',
    APP_TYPE_TIME,
  ],
  [
    "SELECT * FROM metrics WHERE metric_type = 'rps' AND timestamp > now() - interval '5 minutes'",
    'metrics_instance_default',
    TIMESTAMP,
  ],
  [
    "SELECT app_name, avg(value) FROM metrics WHERE timestamp > now() - interval '1 minute' GROUP BY app_name",
    'metrics_instance_default',
    TIMESTAMP,
  ],
  [
    "SELECT * FROM scaling_decisions WHERE app_name = 'app-7' ORDER BY evaluated_at DESC LIMIT 1",
    'scaling_decisions',
    'idx_scaling_decisions_app_name',
  ],
  [
    "SELECT * FROM failures WHERE app_name = 'app-7' ORDER BY failed_at DESC LIMIT 1",
    'failures',
    'idx_failures_app_name',
  ],
  [
    "SELECT * FROM events_compressed WHERE app_name = 'app-7' ORDER BY hour_bucket DESC LIMIT 24",
    'events_compressed',
    'idx_events_compressed_app_name',
  ],
  ...(
    [
      ['events', 'timestamp', 'idx_events_timestamp'],
      ['instances', 'removed_at', 'idx_instances_removed_at'],
      ['operations', 'finished_at', 'idx_operations_finished_at'],
      ['revisions', 'created_at', 'idx_revisions_created_at'],
      ['scaling_decisions', 'evaluated_at', 'idx_scaling_decisions_evaluated_at'],
      ['failures', 'failed_at', 'idx_failures_failed_at'],
      ['events_compressed', 'hour_bucket', 'idx_events_compressed_bucket'],
    ] as const
  ).map(([table, moment, index]): [string, string, string] => [
    `SELECT id FROM ${table} WHERE ${moment} < now() - interval '30 days' ORDER BY ${moment} LIMIT 5000`,
    table,
    index,
  ]),
];

const METRICS = 200_000;
const ROWS = 20_000;

const INSERT = `
  INSERT INTO metrics (app_name, metric_type, value, timestamp)
  SELECT 'app-' || i % 200, (ARRAY['cpu_percent', 'memory_percent', 'rps', 'latency_p95', 'active_connections'])[1 + i / 200 % 5],
         1, now() - (${METRICS} - i) / 1000 * interval '15 seconds'
  FROM generate_series(0, ${METRICS} - 1) i;
  INSERT INTO applications (name, spec) VALUES ('app-7', '{}');
  INSERT INTO events (event_type, message, timestamp)
  SELECT 'error', 'm', now() - i * interval '1 minute' FROM generate_series(1, ${ROWS}) i;
  INSERT INTO instances (app_name, container_name, replica_index, status, removed_at)
  SELECT 'app-7', 'c-' || i, 0, 'stopped', now() - i * interval '1 minute' FROM generate_series(1, ${ROWS}) i;
  INSERT INTO operations (id, app_name, app_uid, kind, target, cause, outcome, finished_at)
  SELECT gen_random_uuid(), 'app-7', gen_random_uuid(), 'k', 't', 'c', 'done', now() - i * interval '1 minute'
  FROM generate_series(1, ${ROWS}) i;
  INSERT INTO revisions (app_name, app_uid, revision, spec, spec_hash, created_at)
  SELECT 'app-7', gen_random_uuid(), 1, '{}', 'h', now() - i * interval '1 minute' FROM generate_series(1, ${ROWS}) i;
  INSERT INTO scaling_decisions (app_name, app_uid, current_replicas, desired_replicas, decision, reason, evaluated_at)
  SELECT 'app-' || i % 200, gen_random_uuid(), 1, 1, 'hold', 'Steady', now() - i * interval '1 minute'
  FROM generate_series(1, ${ROWS}) i;
  INSERT INTO failures (app_name, app_uid, container_name, replica_index, revision, reason, failed_at)
  SELECT 'app-' || i % 200, gen_random_uuid(), 'c', 0, 1, 'Exited', now() - i * interval '1 minute'
  FROM generate_series(1, ${ROWS}) i;
  INSERT INTO events_compressed (hour_bucket, app_name, event_type, event_count, severity_counts, sample_messages)
  SELECT date_trunc('hour', now(), 'UTC') - i * interval '1 hour', 'app-' || i % 200, 'error', 1, '{}', '{}'
  FROM generate_series(1, ${ROWS}) i`;

for (const server of servers)
  describe(`history on ${server.name}`, function () {
    this.timeout(120_000);
    let own: TestDatabase;
    let database: Database;

    before(async () => {
      own = await server.createDatabase();
      database = new Database(own.url);
      await database.query(INSERT);
      await database.query('VACUUM ANALYZE');
    });
    after(async () => {
      await database.close();
      await own.drop();
    });

    for (const [query, table, ...indexes] of QUERIES)
      it(`is fast to ask: ${query.replaceAll(/\s+/g, ' ')}`, async () => {
        const lines = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`);
        const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
        expect(plan).not.to.match(new RegExp(`Seq Scan on ${table}\\b`));
        const used = indexes.filter((index) => plan.includes(` ${index}`));
        expect(used, plan).to.have.length(1);
      });
  });
