import { expect } from 'chai';
import { Database } from '../../src/store/database.ts';
import { latestMetrics } from '../../src/store/latest-metrics.ts';
import { summarizeMetrics } from '../../src/store/metrics-summary.ts';
import { insertMetrics, type MetricSample } from '../../src/store/metrics.ts';
import { useDatabase } from '../postgres.ts';

/** Moments are seconds before `now`. */
let now: number;
const sample = (
  metricType: MetricSample['metricType'],
  secondsAgo: number,
  value: number,
  instance: string | null = null,
  appName = 'web',
): MetricSample => ({
  appName,
  metricType,
  timestamp: new Date(now - secondsAgo * 1_000),
  value,
  labels: instance === null ? { ready: '2', measured: '2' } : { instance },
  unit: metricType === 'rps' ? 'req/s' : 'ms',
  aggregationLevel: instance === null ? 'app' : 'instance',
});

describe('metrics as the command line reads them', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(async () => {
    // Not when the file is read: other files may run for long before this one.
    now = Date.now();
    database = new Database(testDatabase().url);
    await insertMetrics(database, [
      sample('rps', 10, 90),
      sample('latency_p95', 10, 120),
      sample('rps', 5, 60),
      sample('rps', 10, 50, 'web-0'),
      sample('rps', 10, 40, 'web-1'),
      sample('rps', 5, 35, 'web-0'),
      sample('rps', 5, 25, 'web-1'),
      sample('rps', 5, 7, null, 'api'),
      sample('rps', 600, 1, null, 'idle'),
      sample('rps', 600, 300),
    ]);
  });
  after(async () => await database.close());

  it('are those of the last measurement alone, and none that are old', async () => {
    const apps = await latestMetrics(database, 'app');
    expect(apps.toSorted((a, b) => a.app.localeCompare(b.app))).to.deep.equal([
      { app: 'api', instance: null, values: { rps: 7 } },
      { app: 'web', instance: null, values: { rps: 60 } },
    ]);
  });

  it('are told apart by instance', async () => {
    const instances = await latestMetrics(database, 'instance', 'web');
    expect(instances.map(({ instance, values }) => [instance, values.rps]).toSorted()).to.deep.equal([
      ['web-0', 35],
      ['web-1', 25],
    ]);
    expect(await latestMetrics(database, 'instance', "web' OR true --")).to.deep.equal([]);
  });

  it('are summed up by type and level over a window; percentiles have no mean', async () => {
    const rows = await summarizeMetrics(database, 'web', 60);
    const newest = new Date(now - 5_000);
    expect(rows).to.deep.equal([
      {
        metric_type: 'latency_p95',
        aggregation_level: 'app',
        unit: 'ms',
        last: 120,
        mean: null,
        median: 120,
        max: 120,
        data_points: 1,
        newest_at: new Date(now - 10_000),
      },
      {
        metric_type: 'rps',
        aggregation_level: 'app',
        unit: 'req/s',
        last: 60,
        mean: 75,
        median: 75,
        max: 90,
        data_points: 2,
        newest_at: newest,
      },
      {
        metric_type: 'rps',
        aggregation_level: 'instance',
        unit: 'req/s',
        last: 35,
        mean: 37.5,
        median: 37.5,
        max: 50,
        data_points: 4,
        newest_at: newest,
      },
    ]);
    expect((await summarizeMetrics(database, 'web', 3_600)).map(({ max }) => max)).to.include(300);
    expect(await summarizeMetrics(database, 'none', 60)).to.deep.equal([]);
  });
});
