import { expect } from 'chai';
import { Database } from '../../src/store/database.ts';
import { insertMetrics } from '../../src/store/metrics.ts';
import {
  cleanupAllOldData,
  cleanupOldData,
  defaultRetentionDays,
  ensureMetricsPartitions,
  leftSome,
  writeRetentionPeriods,
} from '../../src/store/retention.ts';
import type { TestDatabase } from '../postgres.ts';
import { servers } from '../servers.ts';
import { ago, DAY, sample } from './samples.ts';

for (const server of servers)
  describe(`cleanup_old_data() on ${server.name}`, () => {
    let own: TestDatabase;
    let database: Database;

    beforeEach(async () => {
      own = await server.createDatabase();
      database = new Database(own.url);
    });
    afterEach(async () => {
      await database.close();
      await own.drop();
    });

    const count = async (relation: string) =>
      (await database.query<{ count: number }>(`SELECT count(*) FROM ${relation}`))[0]?.count;

    /** Rows of a table at the ages that are asked for: one a day old, one just younger and one just older than its period. */
    const ages = (days: number) =>
      `(VALUES (interval '1 day'), (interval '${days} days' - interval '1 hour'), (interval '${days} days' + interval '1 hour')) a (age)`;

    it('removes of every table what is older than the document says, and says how much', async () => {
      await database.query(`
        INSERT INTO applications (name, spec) VALUES ('web', '{}');
        INSERT INTO events (event_type, message, timestamp) SELECT 'error', 'm', now() - age FROM ${ages(30)};
        INSERT INTO metrics (app_name, metric_type, value, timestamp) SELECT 'web', 'rps', 1, now() - age FROM ${ages(7)};
        INSERT INTO metrics (app_name, metric_type, value, aggregation_level, timestamp)
          SELECT 'web', 'rps', 1, 'app', now() - age FROM ${ages(30)};
        INSERT INTO metrics (metric_type, value, aggregation_level, timestamp)
          SELECT 'rps', 1, 'system', now() - age FROM ${ages(30)};
        INSERT INTO instances (app_name, container_name, replica_index, status, removed_at)
          SELECT 'web', 'c', 0, 'stopped', now() - age FROM ${ages(7)};
        INSERT INTO instances (app_name, container_name, replica_index, status, created_at, updated_at)
          VALUES ('web', 'exited but there', 0, 'stopped', '2020-01-01', '2020-01-01');
        INSERT INTO operations (id, app_name, app_uid, kind, target, cause, outcome, finished_at)
          SELECT gen_random_uuid(), 'web', gen_random_uuid(), 'k', 't', 'c', 'done', now() - age FROM ${ages(7)};
        INSERT INTO operations (id, app_name, app_uid, kind, target, cause, started_at)
          VALUES (gen_random_uuid(), 'web', gen_random_uuid(), 'still', 'open', 'c', '2020-01-01');
        INSERT INTO revisions (app_name, app_uid, revision, spec, spec_hash, created_at)
          SELECT 'gone', gen_random_uuid(), 1, '{}', 'h', now() - age FROM ${ages(90)};
        INSERT INTO scaling_decisions (app_name, app_uid, current_replicas, desired_replicas, decision, reason, evaluated_at)
          SELECT 'web', gen_random_uuid(), 1, 1, 'hold', 'r', now() - age FROM ${ages(30)};
        INSERT INTO failures (app_name, app_uid, container_name, replica_index, revision, reason, failed_at)
          SELECT 'web', gen_random_uuid(), 'c', 0, 1, 'Exited', now() - age FROM ${ages(7)};
        INSERT INTO events_compressed (hour_bucket, event_type, event_count, severity_counts, sample_messages)
          SELECT date_trunc('hour', now() - age, 'UTC'), 'error', 1, '{}', '{}' FROM ${ages(365)};`);
      const cleaned = await database.query('SELECT * FROM cleanup_old_data()');
      expect(cleaned).to.deep.equal(
        [
          'events',
          'metrics (instance)',
          'metrics (app)',
          'metrics (system)',
          'instances (stopped)',
          'operations (closed)',
          'revisions (superseded)',
          'scaling_decisions',
          'failures',
          'events_compressed',
        ].map((name) => ({ table_name: name, deleted_count: 1 })),
      );
      expect(await count('metrics')).to.equal(6);
      expect(await count("instances WHERE container_name = 'exited but there'")).to.equal(1);
      expect(await count("operations WHERE kind = 'still'")).to.equal(1);
      expect((await database.query('SELECT * FROM cleanup_old_data()')).length).to.equal(10);
      expect(leftSome(await cleanupOldData(database), 1)).to.equal(false);
    });

    it('keeps of an application its last ten revisions, the pinned one and the one to go back to, however old', async () => {
      await database.query(`
        INSERT INTO applications (name, spec, revision, target_revision, target_reason)
        VALUES ('web', '{}', 14, 1, 'Pinned');
        INSERT INTO revisions (app_name, app_uid, revision, spec, spec_hash, stable, quarantined, created_at)
        SELECT 'web', uid, i, '{}', 'h', i <= 4, i > 3, '2020-01-01' FROM applications, generate_series(1, 14) i;`);
      await cleanupAllOldData(database);
      const left = await database.query<{ revision: number }>(
        'SELECT revision FROM revisions ORDER BY revision',
      );
      expect(left.map(({ revision }) => revision)).to.deep.equal([1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    });

    it('drops a day of metrics whole, at the end of its own level’s period', async () => {
      await ensureMetricsPartitions(database);
      await database.query(`
        CREATE TABLE old_instance PARTITION OF metrics_instance FOR VALUES FROM ('2026-01-01Z') TO ('2026-01-02Z');
        CREATE TABLE old_app PARTITION OF metrics_app FOR VALUES FROM ('2026-01-01Z') TO ('2026-01-02Z');`);
      const day = { timestamp: new Date('2026-01-01T12:00:00Z') };
      await insertMetrics(database, [
        ...Array.from({ length: 500 }, () => sample(day)),
        sample({ ...day, aggregationLevel: 'app' }),
        sample(),
      ]);
      await database.query(
        "UPDATE retention_periods SET keep = '100 years' WHERE table_name = 'metrics (app)'",
      );
      const cleaned = await cleanupOldData(database);
      expect(cleaned.find(({ table_name: name }) => name === 'metrics (instance)')?.deleted_count).to.equal(
        500,
      );
      const rows = await database.query<{ level: string }>('SELECT aggregation_level AS level FROM metrics');
      expect(rows.map(({ level }) => level)).to.have.members(['app', 'instance']);
      const [there] = await database.query(
        "SELECT to_regclass('old_instance') AS instance, to_regclass('old_app') AS app",
      );
      expect(there).to.deep.equal({ instance: null, app: 'old_app' });
    });

    it('leaves a day that somebody reads for long to the next time, and does the rest', async () => {
      await database.query(
        "CREATE TABLE old_day PARTITION OF metrics_instance FOR VALUES FROM ('2026-01-01Z') TO ('2026-01-02Z')",
      );
      await insertMetrics(database, [sample({ timestamp: new Date('2026-01-01T12:00:00Z') })]);
      await insertMetrics(database, [sample({ timestamp: ago(40 * DAY), aggregationLevel: 'app' })]);
      await database.transaction(async (reader) => {
        await reader.query('SELECT FROM old_day');
        const counts = Object.fromEntries(
          (await cleanupOldData(database)).map((row) => [row.table_name, row.deleted_count]),
        );
        expect(counts).to.include({ 'metrics (instance)': 0, 'metrics (app)': 1 });
      });
      expect(leftSome(await cleanupOldData(database), 1)).to.equal(true);
      expect(await count('metrics')).to.equal(0);
    });

    it('removes a batch at a time, the oldest first, when told how many', async () => {
      await database.query(
        "INSERT INTO events (event_type, message, timestamp) SELECT 'error', i::text, now() - interval '31 days' - i * interval '1 day' FROM generate_series(1, 25) i",
      );
      expect((await cleanupOldData(database, 10))[0]).to.deep.equal({
        table_name: 'events',
        deleted_count: 10,
      });
      const [oldest] = await database.query('SELECT message FROM events ORDER BY timestamp LIMIT 1');
      expect(oldest).to.deep.equal({ message: '15' });
      expect((await cleanupAllOldData(database, 4))[0]).to.deep.equal({
        table_name: 'events',
        deleted_count: 15,
      });
      expect(await count('events')).to.equal(0);
    });

    it('goes by the periods of the configuration, which are the document’s at first', async () => {
      const periods = () => database.query('SELECT * FROM retention_periods ORDER BY table_name');
      const before = await periods();
      await writeRetentionPeriods(database, defaultRetentionDays);
      expect(await periods()).to.deep.equal(before);
      await writeRetentionPeriods(database, { ...defaultRetentionDays, events: 2 });
      await database.query(
        "INSERT INTO events (event_type, message, timestamp) VALUES ('error', 'm', now() - interval '3 days')",
      );
      expect((await cleanupAllOldData(database))[0]?.deleted_count).to.equal(1);
    });

    it('is the only way to remove an event, and lets nobody else afterwards', async () => {
      await database.query("INSERT INTO events (event_type, message) VALUES ('error', 'kept')");
      const refusal = await database
        .transaction(async (connection) => {
          await connection.query('SELECT * FROM cleanup_old_data()');
          return await connection.query('DELETE FROM events').catch((error: Error) => error.message);
        })
        .catch((error: Error) => error.message);
      expect(refusal).to.match(/events are an audit trail/);
      expect(await count('events')).to.equal(1);
    });
  });
