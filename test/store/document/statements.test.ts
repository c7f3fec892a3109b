import { expect } from 'chai';
import pg from 'pg';
import { Database } from '../../../src/store/database.ts';
import { getAppMetricsWindow } from '../../../src/store/metrics.ts';
import { compressOldEvents } from '../../../src/store/old-events.ts';
import { archiveOldMetrics, cleanupOldMetrics } from '../../../src/store/old-metrics.ts';
import { REPLICA_POOL } from '../../../src/store/pool.ts';
import { getAppsSummary, getAppWithInstances } from '../../../src/store/queries/applications.ts';
import { explainQuery } from '../../../src/store/queries/explain.ts';
import { getSlowQueries } from '../../../src/store/queries/slow-queries.ts';
import { cleanupOldData, scheduleWithPgCron } from '../../../src/store/retention.ts';
import type { TestDatabase } from '../../postgres.ts';
import { servers } from '../../servers.ts';
import { statementsAsWritten } from './statements.ts';

/** What is left of each statement, function and setting of the document that is not a part of the schema. */
const MENDED: Record<string, (database: Database) => Promise<unknown>> = {
  getAppWithInstances: (database) => getAppWithInstances(database, 'web'),
  getAppsSummary: (database) => getAppsSummary(database),
  'getAppsSummary of a status': (database) => getAppsSummary(database, 'running'),
  getAppMetricsWindow: (database) => getAppMetricsWindow(database, 'web', 5),
  cleanupOldMetrics: (database) => cleanupOldMetrics(database, 168),
  archiveOldMetrics: (database) => archiveOldMetrics(database, new Date('2026-01-01'), 'metrics_archive'),
  compressOldEvents: (database) => compressOldEvents(database, 90),
  explainQuery: (database) => explainQuery(database, 'SELECT * FROM applications WHERE name = $1', ['web']),
  getSlowQueries: (database) => getSlowQueries(database, 1_000),
  'cleanup_old_data()': (database) => database.query('SELECT * FROM cleanup_old_data()'),
  'cleanup_old_data() in batches': (database) => cleanupOldData(database, 100),
  'cron.schedule where pg_cron is absent': async (database) => {
    expect(await scheduleWithPgCron(database)).to.equal(false);
  },
};

for (const server of servers)
  describe(`the document's statements on ${server.name}`, () => {
    let written: TestDatabase;
    let own: TestDatabase;
    let database: Database;

    before(async () => {
      written = await server.createDatabase('empty');
      own = await server.createDatabase();
      database = new Database(own.url);
      await database.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
      await database.query("INSERT INTO applications (name, spec) VALUES ('web', '{}')");
      await database.query(
        "INSERT INTO instances (app_name, container_name, replica_index) VALUES ('web', 'web-0', 0)",
      );
      await database.query("INSERT INTO metrics (app_name, metric_type, value) VALUES ('web', 'rps', 1)");
      await database.query(
        "INSERT INTO events (event_type, message, timestamp) VALUES ('error', 'old', '2020-01-01')",
      );
    });
    after(async () => {
      await database.close();
      await own.drop();
      await written.drop();
    });

    it('are accepted and refused as docs/database.md says', async () => {
      const client = new pg.Client({ connectionString: written.url });
      await client.connect();
      try {
        for (const { sql, params, refusedWith } of statementsAsWritten()) {
          const outcome = await client.query(sql, params).then(
            () => null,
            (error: pg.DatabaseError) => error.code,
          );
          expect(outcome, sql).to.equal(refusedWith);
        }
      } finally {
        await client.end();
      }
    });

    for (const [name, run] of Object.entries(MENDED))
      it(`run as mended: ${name}`, async () => {
        await run(database);
      });

    it('run as mended: the settings of the replica’s connections', async () => {
      const reading = new Database(own.url, REPLICA_POOL);
      try {
        expect(await reading.query('SHOW transaction_isolation')).to.deep.equal([
          { transaction_isolation: 'repeatable read' },
        ]);
      } finally {
        await reading.close();
      }
    });
  });
