import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BacktestComparison } from '../../src/controllers/scaling/backtest-report.ts';
import { insertMetrics, type AggregationLevel, type MetricType } from '../../src/store/metrics.ts';
import { condition, instance, SeededDatabase } from './seeded-database.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ready = condition('Ready', true, 'AllReady', '2 of 2 ready');

describe('autoserve backtest, top and get metrics', () => {
  const installation = new SeededDatabase();
  const folder = temporaryFolder();

  before(async () => {
    await installation.start();
    await installation.migrate();
  });
  after(() => installation.stop());

  const measured = async (
    appName: string,
    secondsAgo: number,
    values: Partial<Record<MetricType, number>>,
    labels: Record<string, string> = { ready: '2', measured: '2' },
  ): Promise<void> => {
    const level: AggregationLevel = 'instance' in labels ? 'instance' : 'app';
    const timestamp = new Date(Date.now() - secondsAgo * 1_000);
    await insertMetrics(
      installation.database,
      Object.entries(values).map(([type, value]) => ({
        appName,
        metricType: type as MetricType,
        timestamp,
        value,
        labels,
        unit: null,
        aggregationLevel: level,
      })),
    );
  };

  describe('backtest', () => {
    const policy = {
      cooldownSeconds: 60,
      stabilizationWindowSeconds: 120,
      windowSeconds: 30,
      weights: { cpu: 0, memory: 0, latency: 0, connection: 0 },
    };
    const file = async (name: string, text: string): Promise<string> => {
      const path = join(folder.path, name);
      await writeFile(path, text);
      return path;
    };
    const proposal = () => file('proposal.json', JSON.stringify({ scaling: policy }));

    before(async () => {
      await installation.declare('busy', { ...policy, maxReplicas: 2 });
      // Quiet, busy for half an hour, and quiet again.
      const step = 15;
      const start = Math.floor(Date.now() / 15_000) * 15_000 - 7_200_000;
      await insertMetrics(
        installation.database,
        Array.from({ length: 5_400 / step + 1 }, (_, index) => ({
          appName: 'busy',
          metricType: 'rps' as const,
          timestamp: new Date(start + index * step * 1_000),
          value: index * step >= 1_800 && index * step < 3_600 ? 160 : 10,
          labels: { ready: '1', measured: '1' },
          unit: 'req/s',
          aggregationLevel: 'app' as const,
        })),
      );
    });

    it('shows what another policy would have done beside the present one', async () => {
      expect(await installation.said('backtest', 'busy', '--policy', await proposal())).to.equal(`
busy, T to T, 1h30m recorded
                      PRESENT  PROPOSED  CHANGE
replica-hours         2.04     3.15      +54.4 %
over target           1800 s   75 s      -95.8 %
changes of the count  2        5         +150 %
fewest instances      1        1         -
most instances        2        4         +100 %

Present
  TIME                      REPLICAS  REASON             MESSAGE
  T  1         -                  at first
  T  1 to 2    RPSAboveThreshold  rps 85 is 170 % of its target 50 and asks for 3
  T  2 to 1    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 1 will do

Proposed
  TIME                      REPLICAS  REASON             MESSAGE
  T  1         -                  at first
  T  1 to 3    RPSAboveThreshold  rps 85 is 170 % of its target 50 and asks for 3
  T  3 to 4    RPSAboveThreshold  rps 53.3 is 107 % of its target 50 and asks for 4
  T  4 to 3    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 3 will do
  T  3 to 2    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 2 will do
  T  2 to 1    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 1 will do
`);
    });

    it('prints both replays as JSON', async () => {
      const args = ['--policy', await proposal(), '--since', '1d', '-o', 'json'];
      const { stdout } = await installation.run('backtest', 'app/busy', ...args);
      const comparison = JSON.parse(stdout) as BacktestComparison;
      expect(comparison).to.have.all.keys('app', 'from', 'to', 'present', 'proposed');
      expect(comparison.proposed.seconds).to.equal(5_400);
      expect(comparison.proposed.replicas).to.include({ least: 1, most: 4 });
      expect(comparison.present.replicas.most).to.equal(2);
    });

    it('refuses a policy that is wrong, where it stands', async () => {
      const path = await file('wrong.yaml', 'scaling:\n  maxCpuPercent: 60\n');
      expect(await installation.refused('backtest', 'busy', '--policy', path)).to
        .equal(`${path}:2:3  error  unknown field "maxCpuPercent"
  2 |   maxCpuPercent: 60
    |   ^^^^^^^^^^^^^ did you mean "maxCPUPercent"?        autoserve explain app.scaling.maxCPUPercent
1 error, 0 warnings
error: ${path} has no policy for app busy: it is rejected
  --policy takes a manifest of app busy, or a file that has "scaling:" alone
`);
    });

    it('says that there is no such app, whatever its name, and nothing of the policy', async () => {
      for (const name of ['nope', 'No_Name'])
        expect(await installation.refused('backtest', name, '--policy', await proposal())).to.equal(
          `error: app "${name}" not found\n  autoserve get apps\n`,
        );
    });

    it('refuses what is no policy of the app, and an app of which nothing is recorded', async () => {
      const other = 'apiVersion: v1\nkind: App\nmetadata: {name: other}\nspec: {image: "web:1"}\n';
      await installation.declare('blank', {});
      const [notOwn, unreadable, unrecorded] = await Promise.all([
        installation.refused('backtest', 'busy', '--policy', await file('other.yaml', other)),
        installation.refused('backtest', 'busy', '--policy', join(folder.path, 'none.yaml')),
        installation.refused('backtest', 'blank', '--policy', await proposal()),
      ]);
      expect(notOwn).to.contain('has no policy for app busy: it declares other\n');
      expect(unreadable).to.contain('error: cannot read ');
      expect(unrecorded).to.contain(
        'error: nothing was recorded of app "blank" in this time\n  autoserve get metrics blank',
      );
    });
  });

  describe('top and get metrics', () => {
    before(async () => {
      await installation.declare('idle', 1);
      const uid = await installation.declare('live', 2);
      await installation.report('live', uid, 2, [ready]);
      await installation.store.writeStatus([], [instance('live', 0), instance('live', 1)]);
      const mebibytes = 2 ** 20;
      const usage = { cpu_percent: 12.5, memory_percent: 20, memory_bytes: 100 * mebibytes };
      const traffic = { rps: 46, latency_p95: 120.4, active_connections: 3 };
      const first = { instance: 'live-0-r1-1' };
      await measured('live', 6, { rps: 60, latency_p95: 80, cpu_percent: 5 });
      await measured('live', 1, { ...usage, ...traffic, rps: 92, memory_bytes: 200 * mebibytes });
      await measured('live', 1, { ...usage, ...traffic }, first);
    });

    it('shows what was measured last of every app, and nothing that was not', async () => {
      const rows = (await installation.said('top')).split('\n');
      expect(rows[1]).to.match(/^NAME +READY +RPS +P95 +CPU +MEMORY +USED +CONNECTIONS$/);
      expect(rows.find((row) => row.startsWith('live '))).to.match(
        /^live +2\/2 +92 +120 ms +12\.5 % +20 % +200 MiB +3$/,
      );
      expect(rows.find((row) => row.startsWith('idle '))).to.match(/^idle +0\/1( +-){6}$/);
    });

    it('shows the instances of one app', async () => {
      expect(await installation.said('top', 'live')).to.equal(`
NAME         STATUS   RPS  P95     CPU     MEMORY  USED     CONNECTIONS
live-0-r1-1  running  46   120 ms  12.5 %  20 %    100 MiB  3
live-1-r1-1  running  -    -       -       -       -        -
`);
    });

    it('prints JSON with the names of the metrics', async () => {
      const [row] = JSON.parse((await installation.run('top', 'live', '-o', 'json')).stdout) as object[];
      expect(row).to.include({ name: 'live-0-r1-1', app: 'live', rps: 46, memory_percent: 20 });
    });

    it('sums up a window by type and level', async () => {
      expect(await installation.said('get', 'metrics', 'live', '--window', '5m')).to.equal(`
METRIC              LEVEL     LAST     MEAN     MEDIAN   MAX      SAMPLES
active_connections  app       3        3        3        3        1
cpu_percent         app       12.5 %   8.75 %   8.75 %   12.5 %   2
latency_p95         app       120 ms   -        100 ms   120 ms   2
memory_bytes        app       200 MiB  200 MiB  200 MiB  200 MiB  1
memory_percent      app       20 %     20 %     20 %     20 %     1
rps                 app       92       76       76       92       2
active_connections  instance  3        3        3        3        1
cpu_percent         instance  12.5 %   12.5 %   12.5 %   12.5 %   1
latency_p95         instance  120 ms   -        120 ms   120 ms   1
memory_bytes        instance  100 MiB  100 MiB  100 MiB  100 MiB  1
memory_percent      instance  20 %     20 %     20 %     20 %     1
rps                 instance  46       46       46       46       1
`);
    });

    it('sums it up as JSON, too', async () => {
      const { stdout } = await installation.run('get', 'metrics', 'live', '-o', 'json');
      expect((JSON.parse(stdout) as object[])[5]).to.include({
        metric_type: 'rps',
        aggregation_level: 'app',
        last: 92,
        mean: 76,
        max: 92,
        data_points: 2,
      });
    });

    it('says that nothing was measured, and of what there is nothing', async () => {
      const { code, stdout, stderr } = await installation.run('get', 'metrics', 'idle');
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' });
      expect(stderr).to.equal('no metrics of idle: nothing was measured in this time\n');
      expect(await installation.refused('get', 'metrics', 'nope')).to.contain('app "nope" not found');
    });
  });
});
