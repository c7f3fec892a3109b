import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { TestDatabase } from '../../postgres.ts';
import { servers } from '../../servers.ts';
import { changes, declaration, event, instance, manifestRecord } from '../records.ts';

const page = readFileSync(new URL('../../../docs/database.md', import.meta.url), 'utf8');
const queries = [...page.matchAll(/^\*\*(.+?)\*\*.*\n\n```sql\n([\s\S]*?)```/gm)].map(
  ([, title = '', sql = '']) => ({ title, sql }),
);

for (const server of servers)
  describe(`queries of docs/database.md on ${server.name}`, () => {
    let own: TestDatabase;
    let database: Database;

    before(async () => {
      own = await server.createDatabase();
      database = new Database(own.url);
      const store = new PostgresStore(database);
      await store.applySync(
        changes({
          applications: [declaration('web')],
          manifests: [
            manifestRecord('web.yaml'),
            manifestRecord('bad.yaml', { status: 'error', errors: [{ line: 1, column: 1, message: 'no' }] }),
          ],
          events: [event('InstanceReplaced', { timestamp: new Date() })],
        }),
      );
      await store.writeStatus(
        [],
        [instance('web', { containerId: 'c0', ip: '172.18.0.7', status: 'running', startedAt: new Date() })],
      );
      await database.query(`
        UPDATE applications SET status = 'error';
        UPDATE instances SET restarts = 3, cpu_percent = 90;
        INSERT INTO metrics (app_name, metric_type, value) SELECT 'web', type, 1
          FROM unnest(ARRAY['cpu_percent', 'memory_percent', 'rps', 'latency_p95']) type;
        INSERT INTO metrics (app_name, metric_type, value, aggregation_level) SELECT 'web', type, 1, 'app'
          FROM unnest(ARRAY['cpu_percent', 'memory_percent', 'rps', 'latency_p95', 'error_rate']) type;
        INSERT INTO scaling_decisions (app_name, app_uid, current_replicas, desired_replicas, decision, reason)
          VALUES ('web', gen_random_uuid(), 1, 2, 'scale_out', 'HighCPU');
        INSERT INTO failures (app_name, app_uid, container_name, replica_index, revision, reason, exit_code)
          VALUES ('web', gen_random_uuid(), 'web-0-r1-1', 0, 1, 'Exited', 137);
        INSERT INTO operations (id, app_name, app_uid, kind, target, cause)
          VALUES (gen_random_uuid(), 'web', gen_random_uuid(), 'createContainer', 't', 'c');
        INSERT INTO operations (id, app_name, app_uid, kind, target, cause, outcome, finished_at)
          VALUES (gen_random_uuid(), 'web', gen_random_uuid(), 'createContainer', 't', 'c', 'done', now());
        INSERT INTO events_compressed (hour_bucket, app_name, event_type, event_count, severity_counts, sample_messages)
          VALUES (date_trunc('hour', now()), 'web', 'error', 2, '{"error": 2}', ARRAY['m']);`);
    });
    after(async () => {
      await database.close();
      await own.drop();
    });

    it('are a dozen at least', () => expect(queries.length).to.be.at.least(12));

    for (const { title, sql } of queries)
      it(title, async () => {
        const rows = await database.query(sql.replaceAll('?', '\\?'));
        expect(rows).not.to.have.length(0);
      });
  });
