import { expect } from 'chai';
import { Database, isUnavailable } from '../../src/store/database.ts';
import { insertMetrics } from '../../src/store/metrics.ts';
import { archiveOldMetrics, cleanupOldMetrics } from '../../src/store/old-metrics.ts';
import { ensureMetricsPartitions } from '../../src/store/retention.ts';
import type { TestDatabase } from '../postgres.ts';
import { servers } from '../servers.ts';
import { endWhileInserting } from './stopped-midway.ts';
import { ago, DAY, HOUR, sample } from './samples.ts';

const CUTOFF = new Date('2026-01-03T12:00:00Z');
/** More than two batches: a batch is 256 blocks. */
const OLD = 60_000;

for (const server of servers)
  describe(`old metrics on ${server.name}`, () => {
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
      (await database.query<{ count: number }>(`SELECT count(*) FROM ${relation}`))[0]?.count ?? 0;

    /** The rows before the cutoff, a day's and those without one, and the row at the cutoff, which is not. */
    async function fill(rows: number): Promise<void> {
      await database.query(`
        CREATE TABLE day PARTITION OF metrics_instance FOR VALUES FROM ('2026-01-02Z') TO ('2026-01-03Z');
        INSERT INTO metrics (app_name, metric_type, value, timestamp, labels)
        SELECT 'web', 'rps', i, timestamptz '2026-01-02Z' + i * interval '1 second', '{"instance": "web-0"}'
        FROM generate_series(1, ${rows - 2}) i`);
      await insertMetrics(database, [
        sample({ timestamp: new Date('2026-01-03T11:59:59Z') }),
        sample({ timestamp: new Date('2020-01-01T00:00:00Z'), aggregationLevel: 'app' }),
        sample({ timestamp: CUTOFF }),
      ]);
    }

    describe('are archived', () => {
      it('as they were, with those at the cutoff left', async () => {
        await fill(100);
        const before = await database.query('SELECT * FROM metrics WHERE timestamp < ? ORDER BY id', [
          CUTOFF,
        ]);
        expect(await archiveOldMetrics(database, CUTOFF)).to.equal(100);
        expect(
          await database.query(
            `SELECT id, app_name, metric_type, timestamp, value, labels, unit, aggregation_level
             FROM metrics_archive ORDER BY id`,
          ),
        ).to.deep.equal(before);
        expect(await database.query('SELECT timestamp FROM metrics')).to.deep.equal([{ timestamp: CUTOFF }]);
        expect(await archiveOldMetrics(database, CUTOFF)).to.equal(0);
      });

      it('beside what is in the archive already, which keeps its own', async () => {
        await insertMetrics(database, [sample({ timestamp: ago(3 * DAY) })]);
        expect(await archiveOldMetrics(database, ago(DAY), 'metrics_2026')).to.equal(1);
        await insertMetrics(database, [sample({ timestamp: ago(2 * DAY) })]);
        expect(await archiveOldMetrics(database, ago(DAY), 'metrics_2026')).to.equal(1);
        const archived = await database.query('SELECT id FROM metrics_2026 ORDER BY id');
        expect(archived).to.deep.equal([{ id: 1 }, { id: 2 }]);
        await insertMetrics(database, [sample()]);
        expect(await database.query('SELECT id FROM metrics')).to.deep.equal([{ id: 3 }]);
      });

      for (const row of [1, 20_000, 40_000, OLD])
        it(`without loss or doubling when the connection ends at row ${row}, and goes on`, async function () {
          this.timeout(120_000);
          await fill(OLD);
          await archiveOldMetrics(database, new Date(0));
          const thrown = await endWhileInserting(database, 'metrics_archive', row, () =>
            archiveOldMetrics(database, CUTOFF),
          );
          expect(isUnavailable(thrown), String(thrown)).to.equal(true);
          const archived = await count('metrics_archive');
          expect(archived).to.be.below(row);
          expect(await count('metrics')).to.equal(OLD + 1 - archived);
          expect(await archiveOldMetrics(database, CUTOFF)).to.equal(OLD - archived);
          expect(await count('(SELECT DISTINCT id FROM metrics_archive) archived')).to.equal(OLD);
          expect(await count('metrics')).to.equal(1);
        });

      it('once when two archive at a time', async () => {
        await fill(OLD);
        const moved = await Promise.all([1, 2].map(() => archiveOldMetrics(database, CUTOFF)));
        expect((moved[0] ?? 0) + (moved[1] ?? 0)).to.equal(OLD);
        expect(await count('metrics_archive')).to.equal(OLD);
      });

      it('as far as retention is not quicker', async () => {
        await fill(100);
        await archiveOldMetrics(database, new Date(0));
        const dropping = {
          query: async <Row extends object>(...args: Parameters<Database['query']>) => {
            if (args[0].includes('DELETE FROM day')) await database.query('DROP TABLE IF EXISTS day');
            return await database.query<Row>(...args);
          },
        };
        expect(await archiveOldMetrics(dropping, CUTOFF)).to.equal(2);
      });

      for (const name of [
        'metrics',
        'metrics_instance',
        'metrics_instance_20261123',
        'metrics_app_default',
        'events',
        'app_status',
        'Archive',
        'a"; DROP TABLE events; --',
        'public.archive',
        '',
        'x'.repeat(64),
      ])
        it(`but not to "${name}"`, async () => {
          await fill(10);
          const error = await archiveOldMetrics(database, CUTOFF, name).catch((thrown: unknown) => thrown);
          expect(error).to.have.property('code', 'InvalidArchive');
          expect(await count('metrics')).to.equal(11);
        });
    });

    describe('are removed', () => {
      it('of all levels, days whole and the rest by row', async () => {
        await ensureMetricsPartitions(database);
        await fill(100);
        await insertMetrics(database, [
          sample({ timestamp: ago(169 * HOUR) }),
          sample({ timestamp: ago(169 * HOUR), aggregationLevel: 'system', appName: null }),
          sample({ timestamp: ago(167 * HOUR) }),
          sample({ timestamp: ago(5 * 60_000) }),
        ]);
        expect(await cleanupOldMetrics(database)).to.equal(103);
        expect(await database.query("SELECT to_regclass('day') AS day")).to.deep.equal([{ day: null }]);
        expect(await cleanupOldMetrics(database, 1 / 60)).to.equal(2);
        expect(await count('metrics')).to.equal(0);
      });
    });
  });
