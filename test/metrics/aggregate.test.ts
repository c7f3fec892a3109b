import { expect } from 'chai';
import { appValues, samplesOf } from '../../src/metrics/aggregate.ts';
import type { InstanceMeasurement } from '../../src/metrics/measurement.ts';
import type { AggregationLevel, MetricType } from '../../src/store/metrics.ts';
import { AT, instance, measurement, traffic } from './measured.ts';

const TYPES: MetricType[] = [
  'active_connections',
  'cpu_percent',
  'disk_usage',
  'error_rate',
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'memory_bytes',
  'memory_percent',
  'queue_length',
  'response_time',
  'rps',
];

function values(instances: readonly InstanceMeasurement[]) {
  return appValues({ app: 'web', traffic: traffic(100), instances });
}

describe('samplesOf', () => {
  for (const level of ['instance', 'app', 'system'] satisfies AggregationLevel[]) {
    it(`has all twelve types at level ${level}`, () => {
      const samples = samplesOf(measurement([instance('web-0-r1-1')]));
      const ofLevel = samples.filter(({ aggregationLevel }) => aggregationLevel === level);
      expect(ofLevel.map(({ metricType }) => metricType).toSorted()).to.deep.equal(TYPES);
      for (const { appName, timestamp } of ofLevel) {
        expect(appName).to.equal(level === 'system' ? null : 'web');
        expect(timestamp).to.equal(AT);
      }
    });
  }

  it('says which instance, of how many, and of what a sample is', () => {
    const starting = instance('web-1-r1-1', { ready: false });
    const fresh = instance('web-2-r1-1', { usage: null });
    const samples = samplesOf(measurement([instance('web-0-r1-1'), starting, fresh]));
    const of = (level: AggregationLevel) =>
      samples.find(({ aggregationLevel, metricType }) => aggregationLevel === level && metricType === 'rps');
    expect(of('instance')).to.deep.include({ labels: { instance: 'web-0-r1-1' }, unit: 'req/s', value: 10 });
    expect(of('app')).to.deep.include({ labels: { ready: '2', measured: '1' }, value: 20 });
    expect(of('system')).to.deep.include({ labels: { scope: 'host' }, value: 24 });
  });

  it('says of how many instances cpu is known, which takes two readings, and of how many memory', () => {
    const usage = { cpuPercent: null, cores: null, memoryPercent: 30, memoryBytes: 600 };
    const samples = samplesOf(measurement([instance('web-0-r1-1'), instance('web-1-r1-1', { usage })]));
    const of = (type: string) =>
      samples.find(({ aggregationLevel, metricType }) => aggregationLevel === 'app' && metricType === type);
    expect(of('cpu_percent')).to.deep.include({ labels: { ready: '2', measured: '1' }, value: 40 });
    expect(of('memory_percent')).to.deep.include({ labels: { ready: '2', measured: '2' }, value: 40 });
  });

  it('leaves out what is not known', () => {
    const bare = instance('web-0-r1-1', { usage: null, diskBytes: null, traffic: null });
    const unknown = measurement([bare], {
      apps: [{ app: 'web', traffic: null, instances: [bare] }],
      system: {
        usage: { scope: 'host', cpuPercent: null, memoryPercent: null, memoryBytes: null, diskBytes: null },
        traffic: null,
        inFlight: null,
      },
    });
    expect(samplesOf(unknown)).to.deep.equal([]);
  });

  it('has no latency where there was no request, and zero requests', () => {
    const samples = samplesOf(measurement([instance('web-0-r1-1', { traffic: traffic(0) })]));
    const types = samples
      .filter(({ aggregationLevel }) => aggregationLevel === 'instance')
      .map(({ metricType }) => metricType);
    expect(types).to.include.members(['rps', 'error_rate', 'active_connections', 'queue_length']);
    expect(types).to.not.include.members(['latency_p95', 'response_time']);
  });

  it('has disk usage only when it was measured anew', () => {
    const samples = samplesOf(measurement([instance('web-0-r1-1')], { diskMeasured: false }));
    expect(samples.map(({ metricType }) => metricType)).to.not.include('disk_usage');
  });

  it('shows what has ended where nginx does not show what is in flight', () => {
    const whole = measurement([]);
    const samples = samplesOf({ ...whole, system: { ...whole.system, inFlight: null } });
    const inFlight = samples.find(({ aggregationLevel, metricType }) => {
      return aggregationLevel === 'system' && metricType === 'active_connections';
    });
    expect(inFlight?.value).to.equal((120 * 10) / 5_000);
  });
});

describe('appValues', () => {
  const usage = { cpuPercent: 80, cores: 0.4, memoryPercent: 70, memoryBytes: 3_000 };

  it('are means of CPU and memory over ready instances, and sums of bytes over all', () => {
    const all = [
      instance('web-0-r1-1'),
      instance('web-1-r1-1', { usage, diskBytes: 20 }),
      instance('web-2-r1-1', { usage: { ...usage, cpuPercent: 100 }, ready: false }),
    ];
    expect(values(all)).to.include({
      cpu_percent: 60,
      memory_percent: 60,
      memory_bytes: 7_000,
      disk_usage: 40,
    });
  });

  it('take no instance into a mean whose usage is not known', () => {
    const fresh = { ...usage, cpuPercent: null };
    expect(values([instance('web-0-r1-1'), instance('web-1-r1-1', { usage: fresh })])).to.include({
      cpu_percent: 40,
      memory_percent: 60,
    });
  });

  it('have no sum of which a part is not known, and no mean of nothing', () => {
    const known = values([instance('web-0-r1-1'), instance('web-1-r1-1', { usage: null, diskBytes: null })]);
    expect(known).to.include({ cpu_percent: 40 }).and.not.have.any.keys('memory_bytes', 'disk_usage');
    expect(values([instance('web-0-r1-1', { ready: false })])).to.not.have.any.keys('cpu_percent');
    expect(values([])).to.not.have.any.keys('cpu_percent', 'memory_bytes', 'disk_usage');
  });

  it("are the app's own requests, not its instances'", () => {
    expect(values([instance('web-0-r1-1', { traffic: traffic(1) })])).to.include({ rps: 20 });
  });
});
