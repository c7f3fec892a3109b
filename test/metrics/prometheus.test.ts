import { expect } from 'chai';
import { EngineError } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { MemoryWorld } from '../../src/engine/memory/memory-world.ts';
import { instrumentEngine } from '../../src/metrics/instrumented-engine.ts';
import { Prometheus } from '../../src/metrics/prometheus.ts';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../eventually.ts';
import { instance, measurement } from './measured.ts';

describe('Prometheus', () => {
  let prometheus: Prometheus;

  beforeEach(() => {
    prometheus = new Prometheus();
  });

  /** The lines of the page without their comments. */
  async function series(): Promise<string[]> {
    return (await prometheus.page()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  it('shows what AutoServe does', async () => {
    prometheus.reconciled('ok', 0.02);
    prometheus.queueDepth(3);
    prometheus.databaseWrite('metrics', 'failed', 0.2);
    prometheus.synced('held');
    prometheus.error('EngineUnavailable');
    prometheus.scalingDecision('out');
    prometheus.samplesDropped(7);
    prometheus.logLines(10, 1);
    expect(await series()).to.include.members([
      'autoserve_reconcile_duration_seconds_count{outcome="ok"} 1',
      'autoserve_reconcile_duration_seconds_bucket{le="0.025",outcome="ok"} 1',
      'autoserve_queue_depth 3',
      'autoserve_database_write_duration_seconds_count{kind="metrics",outcome="failed"} 1',
      'autoserve_syncs_total{result="held"} 1',
      'autoserve_errors_total{code="EngineUnavailable"} 1',
      'autoserve_scaling_decisions_total{direction="out"} 1',
      'autoserve_metric_samples_dropped_total 7',
      'autoserve_ingress_log_lines_total{result="counted"} 9',
      'autoserve_ingress_log_lines_total{result="refused"} 1',
    ]);
  });

  it('shows itself', async () => {
    const [first, second] = [await series(), await series()];
    for (const page of [first, second]) {
      const of = (name: string) =>
        Number(page.find((line) => line.startsWith(`autoserve_process_${name}`))?.split(' ')[1]);
      expect(of('resident_memory_bytes')).to.be.above(1e6);
      expect(of('cpu_seconds_total')).to.be.within(0.01, 10_000);
    }
  });

  it('shows the last metrics of system, apps and instances, in ratios, seconds and bytes', async () => {
    prometheus.publish(measurement([instance('web-0-r1-1')]));
    expect(await series()).to.include.members([
      'autoserve_app_cpu_ratio{app="web"} 0.4',
      'autoserve_app_requests_per_second{app="web"} 20',
      'autoserve_app_latency_seconds{app="web",quantile="0.95"} 0.01',
      'autoserve_instance_memory_bytes{app="web",instance="web-0-r1-1"} 1000',
      'autoserve_instance_requests_per_second{app="web",instance="web-0-r1-1"} 10',
      'autoserve_system_active_connections{scope="host"} 3',
      'autoserve_system_disk_bytes{scope="host"} 5000',
    ]);
  });

  it('forgets apps, instances and states that are gone, and shows no zero for what is not known', async () => {
    prometheus.publish(measurement([instance('web-0-r1-1'), instance('web-1-r1-1')]));
    prometheus.apps([
      { app: 'web', status: 'running', ready: 2, desired: 2 },
      { app: 'shop', status: 'error', ready: 0, desired: 1 },
    ]);
    expect(await series()).to.include.members([
      'autoserve_apps{status="error"} 1',
      'autoserve_app_instances{app="shop",state="desired"} 1',
    ]);
    prometheus.publish(measurement([instance('web-1-r1-1', { usage: null })]));
    prometheus.apps([{ app: 'web', status: 'running', ready: 1, desired: 2 }]);
    const page = await series();
    expect(page.join('\n')).to.not.include('web-0-r1-1').and.not.include('shop').and.not.include('"error"');
    expect(page.join('\n')).to.not.include('autoserve_instance_cpu_ratio{');
    prometheus.publish(measurement([], { apps: [] }));
    prometheus.apps([]);
    expect((await series()).filter((line) => line.includes('web'))).to.deep.equal([]);
  });

  it('keeps the number of series within bounds whatever happens', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => instance(`web-${index}-r1-1`));
    prometheus.publish(measurement(many));
    for (let index = 0; index < 5_000; index += 1) {
      prometheus.error(`Code${index}`);
      prometheus.engineCall(`method${index}`, 'ok', 1);
      prometheus.databaseWrite(`table${index}`, 'ok', 1);
    }
    const page = await series();
    const count = (prefix: string) => page.filter((line) => line.startsWith(prefix)).length;
    expect(count('autoserve_instance_cpu_ratio')).to.equal(1_000);
    expect(count('autoserve_errors_total')).to.equal(101);
    expect(count('autoserve_engine_call_duration_seconds_count')).to.equal(101);
    expect(page).to.include('autoserve_errors_total{code="other"} 4900');
  });

  it('escapes what labels hold', async () => {
    prometheus.error('a"b\\c\nd');
    expect(await series()).to.include('autoserve_errors_total{code="a\\"b\\\\c\\nd"} 1');
  });

  it('two of them share nothing', async () => {
    prometheus.queueDepth(3);
    expect(await new Prometheus().page()).to.include('autoserve_queue_depth 0');
  });

  describe('an instrumented engine', () => {
    it('does what the engine does, and tells of its calls by kind and outcome', async () => {
      const world = new MemoryWorld(systemClock);
      const before = ({ method }: { method: string }) =>
        method === 'stopContainer' ? Promise.reject(new EngineError('EngineUnavailable', 'away')) : undefined;
      const plain = new MemoryEngine(world, { installation: 'test', faults: { before } });
      const engine = instrumentEngine(plain, prometheus);
      await engine.createNetwork();
      expect((await engine.observe()).networkExists).to.be.true;
      expect((await engine.usage.host()).cpus).to.equal(4);
      expect(engine.address).to.equal(plain.address);
      engine.watch({ onChange: () => {}, onReconnect: () => {}, onDisconnect: () => {} }).close();
      const stopped = await engine.stopContainer('x', 1).catch((error: unknown) => error);
      expect(stopped).to.be.instanceOf(EngineError);
      await eventually(async () =>
        expect(await series()).to.include.members([
          'autoserve_engine_call_duration_seconds_count{kind="createNetwork",outcome="ok"} 1',
          'autoserve_engine_call_duration_seconds_count{kind="observe",outcome="ok"} 1',
          'autoserve_engine_call_duration_seconds_count{kind="host",outcome="ok"} 1',
          'autoserve_engine_call_duration_seconds_count{kind="stopContainer",outcome="failed"} 1',
          'autoserve_errors_total{code="EngineUnavailable"} 1',
        ]),
      );
    });
  });
});
