import { expect } from 'chai';
import { Database } from '../../src/store/database.ts';
import { getAppMetricsWindow, insertMetrics } from '../../src/store/metrics.ts';
import { ensureMetricsPartitions } from '../../src/store/retention.ts';
import type { TestDatabase } from '../postgres.ts';
import { servers } from '../servers.ts';
import { ago, DAY, sample } from './samples.ts';

const MINUTE = 60_000;

for (const server of servers)
  describe(`metrics on ${server.name}`, () => {
    let own: TestDatabase;
    let database: Database;

    before(async () => {
      own = await server.createDatabase();
      database = new Database(own.url);
    });
    beforeEach(async () => {
      await database.query('TRUNCATE metrics');
    });
    after(async () => {
      await database.close();
      await own.drop();
    });

    it('are written with everything that is known of them', async () => {
      const timestamp = ago(MINUTE);
      const labels = { instance: 'web-0-r1-1', odd: `"{},\\'\u0000` };
      const written = await insertMetrics(database, [
        sample({ timestamp, value: 0.1 + 0.2, labels }),
        sample({ appName: null, aggregationLevel: 'system', unit: null }),
      ]);
      expect(written).to.equal(2);
      const rows = await database.query(
        `SELECT app_name, metric_type, timestamp, value, labels, unit, aggregation_level FROM metrics
         ORDER BY aggregation_level`,
      );
      expect(rows[0]).to.deep.equal({
        app_name: 'web',
        metric_type: 'cpu_percent',
        timestamp,
        value: 0.1 + 0.2,
        labels: { ...labels, odd: `"{},\\'\uFFFD` },
        unit: '%',
        aggregation_level: 'instance',
      });
      expect(rows[1]).to.deep.include({ app_name: null, labels: null, unit: null });
    });

    it('are not lost for one that is odd', async () => {
      const samples = [Number.NaN, Infinity, -Infinity, 7].map((value) => sample({ value }));
      const memory = [-1, 50, 100.4].map((value) => sample({ metricType: 'memory_percent', value }));
      expect(await insertMetrics(database, [...samples, ...memory])).to.equal(4);
      const rows = await database.query<{ value: number }>('SELECT value FROM metrics ORDER BY id');
      expect(rows.map(({ value }) => value)).to.deep.equal([7, 0, 50, 100]);
      expect(await insertMetrics(database, [sample({ value: Number.NaN })])).to.equal(0);
    });

    it('are one statement, which does not wait for the disk', async () => {
      const statements: string[] = [];
      const counting = {
        query: <Row extends object>(...args: Parameters<Database['query']>) => {
          statements.push(args[0]);
          return database.query<Row>(...args);
        },
      };
      await insertMetrics(
        counting,
        Array.from({ length: 1_000 }, () => sample()),
      );
      expect(statements).to.have.length(1);
      expect(await database.query('SELECT FROM metrics')).to.have.length(1_000);
      await database.transaction(async (connection) => {
        await insertMetrics(connection, [sample()]);
        const [setting] = await connection.query('SHOW synchronous_commit');
        expect(setting).to.deep.equal({ synchronous_commit: 'off' });
      });
      expect(await database.query('SHOW synchronous_commit')).to.deep.equal([{ synchronous_commit: 'on' }]);
    });

    it('are summed up over a window, by type', async () => {
      await insertMetrics(database, [
        ...Array.from({ length: 101 }, (_, value) => sample({ value, timestamp: ago(4 * MINUTE) })),
        sample({ metricType: 'rps', value: 5 }),
        sample({ metricType: 'disk_usage', value: 5 }),
        sample({ value: 1_000, timestamp: ago(6 * MINUTE) }),
        sample({ value: 1_000, appName: 'api' }),
        sample({ value: 1_000, aggregationLevel: 'app' }),
      ]);
      const five = { avg: 5, min: 5, max: 5, p50: 5, p95: 5, data_points: 1 };
      expect(await getAppMetricsWindow(database, 'web')).to.deep.equal({
        cpu_percent: { avg: 50, min: 0, max: 100, p50: 50, p95: 95, data_points: 101 },
        rps: five,
      });
      const longer = await getAppMetricsWindow(database, 'web', 7.5);
      expect(longer.cpu_percent).to.include({ max: 1_000, data_points: 102 });
      expect((await getAppMetricsWindow(database, 'web', 5, 'app')).cpu_percent?.avg).to.equal(1_000);
      expect(await getAppMetricsWindow(database, "web' OR true --")).to.deep.equal({});
    });

    describe('in partitions', () => {
      const partitions = async () =>
        (
          await database.query<{ name: string }>(
            `SELECT replace(partition::text, to_char(from_time, 'YYYYMMDD'), 'day+' || extract(day FROM from_time - date_trunc('day', now(), 'UTC'))) AS name
             FROM metrics_partitions()`,
          )
        ).map(({ name }) => name);
      const homes = async () =>
        (
          await database.query<{ home: string }>(
            'SELECT regexp_replace(tableoid::regclass::text, $re$_\\d+$$re$, $$$$) AS home FROM metrics ORDER BY id',
          )
        ).map(({ home }) => home);

      it('have a home before there is one for their day, and move there', async () => {
        const samples = [sample(), sample({ timestamp: ago(-DAY) }), sample({ timestamp: ago(20 * DAY) })];
        await insertMetrics(database, samples);
        expect(new Set(await homes())).to.deep.equal(new Set(['metrics_instance_default']));
        expect(await ensureMetricsPartitions(database)).to.equal(12);
        expect(await homes()).to.deep.equal([
          'metrics_instance',
          'metrics_instance',
          'metrics_instance_default',
        ]);
      });

      it('are made ahead, for each level, once', async () => {
        await ensureMetricsPartitions(database);
        expect(await ensureMetricsPartitions(database)).to.equal(0);
        const days = ['day+0', 'day+1', 'day+2', 'day+3'];
        expect(await partitions()).to.deep.equal(
          ['app', 'instance', 'system'].flatMap((level) => days.map((day) => `metrics_${level}_${day}`)),
        );
        const [row] = await database.query('SELECT ensure_metrics_partitions(4) AS made');
        expect(row).to.deep.equal({ made: 3 });
      });

      it('are made once by rivals, too, whatever the time zone of the session', async () => {
        await database.query("SELECT drop_metrics_partitions('app', now() + interval '10 days')");
        const made = await Promise.all(
          ['Asia/Kathmandu', 'America/New_York', 'UTC'].map((zone) =>
            database.transaction(async (connection) => {
              await connection.query(
                "SELECT set_config('timezone', ?, true), set_config('datestyle', 'German', true)",
                [zone],
              );
              return await ensureMetricsPartitions(connection);
            }),
          ),
        );
        expect(made.toSorted()).to.deep.equal([0, 0, 4]);
      });
    });
  });
