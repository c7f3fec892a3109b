import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { servers } from '../../servers.ts';
import type { TestDatabase } from '../../postgres.ts';

/** What the document wants fast, and the indexes of which one makes it so. */
const QUERIES: [query: string, ...indexes: string[]][] = [
  ["SELECT * FROM applications WHERE status = 'error'", 'idx_applications_status'],
  ["SELECT * FROM applications WHERE mode = 'manual'", 'idx_applications_mode'],
  ['SELECT * FROM applications ORDER BY updated_at DESC LIMIT 10', 'idx_applications_updated_at'],
  ["SELECT * FROM applications WHERE spec->'spec'->>'image' = 'image:7'", 'idx_applications_spec_image'],
  ["SELECT * FROM app_status WHERE image = 'image:7'", 'idx_applications_spec_image'],
  [
    "SELECT name, status, updated_at FROM applications WHERE status IN ('running', 'starting', 'updating')",
    'idx_applications_active',
    'idx_applications_status',
  ],
  ["SELECT * FROM instances WHERE app_name = 'app-7'", 'idx_instances_app_name', 'idx_instances_app_status'],
  ["SELECT * FROM instances WHERE status = 'error'", 'idx_instances_status'],
  ["SELECT * FROM instances WHERE health_status = 'unhealthy'", 'idx_instances_health_status'],
  ["SELECT * FROM instances WHERE container_id = 'container-7'", 'idx_instances_container_id'],
  ['SELECT * FROM instances ORDER BY updated_at DESC LIMIT 10', 'idx_instances_updated_at'],
  ['SELECT * FROM instances ORDER BY last_health_check DESC LIMIT 10', 'idx_instances_health_check'],
  [
    "SELECT * FROM instances WHERE app_name = 'app-7' AND status = 'running'",
    'idx_instances_app_status',
    'idx_instances_app_name',
    'idx_instances_app_status_health',
    'idx_instances_active',
  ],
  [
    "SELECT * FROM instances WHERE app_name = 'app-7' AND status = 'running' AND health_status = 'healthy'",
    'idx_instances_app_status_health',
    'idx_instances_active',
    'idx_instances_app_name',
  ],
  [
    "SELECT * FROM events WHERE app_name = 'app-7' ORDER BY timestamp DESC LIMIT 20",
    'idx_events_app_name_timestamp',
  ],
  [
    "SELECT * FROM events WHERE event_type = 'error' ORDER BY timestamp DESC LIMIT 20",
    'idx_events_type_timestamp',
  ],
  ['SELECT * FROM events ORDER BY timestamp DESC LIMIT 20', 'idx_events_timestamp'],
  [
    "SELECT * FROM events WHERE severity = 'critical' ORDER BY timestamp DESC LIMIT 20",
    'idx_events_severity',
  ],
  [
    "SELECT * FROM events WHERE event_category = 'security' ORDER BY timestamp DESC LIMIT 20",
    'idx_events_category',
  ],
  [
    "SELECT * FROM events WHERE container_id = 'container-7' ORDER BY timestamp DESC LIMIT 20",
    'idx_events_container',
  ],
  [
    "SELECT * FROM events WHERE app_name = 'app-7' AND event_type = 'error' AND severity = 'critical' ORDER BY timestamp DESC",
    'idx_events_app_type_severity',
  ],
  [
    "SELECT count(*) FROM events WHERE timestamp > now() - interval '10 minutes'",
    'idx_events_timestamp',
    'idx_events_recent',
  ],
  ['SELECT * FROM recent_events LIMIT 20', 'idx_events_timestamp'],
  ["SELECT * FROM scaling_history WHERE app_name = 'app-7' LIMIT 20", 'idx_scaling_decisions_changes'],
  ['SELECT * FROM scaling_policies ORDER BY updated_at DESC LIMIT 10', 'idx_scaling_policies_updated_at'],
  ["SELECT * FROM health_checks WHERE app_name = 'app-7'", 'idx_health_checks_app_name'],
  ['SELECT * FROM health_checks WHERE NOT enabled', 'idx_health_checks_enabled'],
];

const APPS = 4_000;
const EVENTS = 40_000;

const ROWS = `
  INSERT INTO applications (name, spec, status, mode, updated_at)
  SELECT 'app-' || i, jsonb_build_object('spec', jsonb_build_object('image', 'image:' || i % 400)),
         CASE WHEN i % 100 = 0 THEN 'error' WHEN i % 100 = 1 THEN 'running' ELSE 'stopped' END,
         CASE WHEN i % 100 = 0 THEN 'manual' ELSE 'auto' END, now() - i * interval '1 minute'
  FROM generate_series(1, ${APPS}) i;
  INSERT INTO instances (app_name, container_name, container_id, replica_index, status, health_status, last_health_check)
  SELECT 'app-' || i, format('app-%s-%s-r1-1', i, n), format('container-%s', i * 4 + n), n,
         CASE WHEN (i + n) % 100 = 0 THEN 'error' ELSE 'running' END,
         CASE WHEN (i + n) % 100 = 0 THEN 'unhealthy' ELSE 'healthy' END, now() - i * interval '1 second'
  FROM generate_series(1, ${APPS}) i, generate_series(0, 3) n;
  INSERT INTO events (event_type, event_category, app_name, container_id, message, severity, timestamp)
  SELECT CASE WHEN i % 50 = 0 THEN 'error' ELSE 'deployment' END,
         CASE WHEN i % 100 = 0 THEN 'security' ELSE 'application' END,
         'app-' || i % ${APPS}, 'container-' || i % 8000, 'something happened',
         CASE WHEN i % 100 = 0 THEN 'critical' ELSE 'info' END, now() - (${EVENTS} - i) * interval '5 seconds'
  FROM generate_series(1, ${EVENTS}) i;
  INSERT INTO scaling_decisions (app_name, app_uid, current_replicas, desired_replicas, decision, reason, evaluated_at)
  SELECT 'app-' || i % 100, gen_random_uuid(), 1, CASE WHEN i % 20 = 0 THEN 2 ELSE 1 END,
         CASE WHEN i % 20 = 0 THEN 'scale_out' ELSE 'hold' END, 'HighCPU', now() - i * interval '15 seconds'
  FROM generate_series(1, ${EVENTS}) i;
  INSERT INTO scaling_policies (app_name) SELECT name FROM applications;
  INSERT INTO health_checks (app_name, port, enabled) SELECT name, 80, name NOT LIKE '%7' FROM applications;
  ANALYZE;`;

for (const server of servers)
  describe(`indexes on ${server.name}`, function () {
    this.timeout(120_000);
    let own: TestDatabase;
    let database: Database;

    before(async () => {
      own = await server.createDatabase();
      database = new Database(own.url);
      await database.query(ROWS);
    });
    after(async () => {
      await database.close();
      await own.drop();
    });

    for (const [query, ...indexes] of QUERIES)
      it(`make fast: ${query}`, async () => {
        const lines = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`);
        const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
        expect(plan, plan).not.to.contain('Seq Scan');
        const used = indexes.filter((index) => plan.includes(` ${index}`));
        expect(used, plan).to.have.length(1);
      });
  });
