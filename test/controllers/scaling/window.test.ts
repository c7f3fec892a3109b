import { expect } from 'chai';
import { windowOf, type AppSample, type WindowScope } from '../../../src/controllers/scaling/window.ts';
import { ago, NOW } from './inputs.ts';
import { every5s, sample } from './samples.ts';

const SCOPE: WindowScope = { now: NOW, windowSeconds: 60, routed: true, ready: 2 };

function readingsOf(samples: AppSample[], changes: Partial<WindowScope> = {}) {
  return windowOf(samples, { ...SCOPE, ...changes }).readings;
}

describe('the metric window of an evaluation', () => {
  it('spreads requests and connections over the instances that are ready now', () => {
    const samples = [...every5s('rps', [90, 100, 110]), ...every5s('active_connections', [6, 6, 9])];
    const { rps, connection } = readingsOf(samples, { ready: 4 });
    expect(rps).to.deep.equal({ state: 'measured', value: 25, samples: 3, newestAt: NOW.toISOString() });
    expect(connection.value).to.equal(1.75);
  });

  it('takes cpu and memory per instance, as means over the window', () => {
    const { cpu, memory } = readingsOf([
      ...every5s('cpu_percent', [40, 60]),
      ...every5s('memory_percent', [30, 32]),
    ]);
    expect([cpu.value, memory.value]).to.deep.equal([50, 31]);
  });

  it('takes the median of the latencies, not their mean', () => {
    const samples = [...every5s('rps', [9, 9, 9]), ...every5s('latency_p95', [20, 30, 9_000])];
    expect(readingsOf(samples).latency.value).to.equal(30);
    expect(readingsOf([...samples, sample('latency_p95', 20, 10)]).latency.value).to.equal(25);
  });

  it('leaves out what is older than the window, or of the future', () => {
    const samples = [
      sample('rps', 60, 500),
      sample('rps', 59, 10),
      sample('rps', 0, 30),
      sample('rps', -1, 500),
    ];
    expect(readingsOf(samples).rps).to.include({ value: 10, samples: 2 });
  });

  it('leaves out what is no number', () => {
    expect(readingsOf([sample('rps', 5, Number.NaN), sample('rps', 0, 8)]).rps.value).to.equal(4);
  });

  it('holds the newest measurement alone when it is shorter than the time between two', () => {
    const samples = [...every5s('rps', [100, 100, 8]), ...every5s('cpu_percent', [90, 90, 40])];
    const { rps, cpu } = readingsOf(samples, { windowSeconds: 1 });
    expect(rps).to.include({ state: 'measured', value: 4, samples: 1 });
    expect(cpu).to.include({ state: 'measured', value: 40, samples: 1 });
    expect(readingsOf([sample('rps', 14, 8)], { windowSeconds: 1 }).rps).to.include({ value: 4 });
    expect(readingsOf([sample('rps', 16, 8)], { windowSeconds: 1 }).rps.state).to.equal('missing');
  });

  it('is the same in whatever order samples come', () => {
    const samples = [
      ...every5s('rps', [1, 2, 3]),
      ...every5s('cpu_percent', [7, 8, 9]),
      sample('cpu_percent', 20, 50, 3),
    ];
    expect(windowOf(samples.toReversed(), SCOPE)).to.deep.equal(windowOf(samples, SCOPE));
  });
});

describe('the metric window after a change of the count', () => {
  it('forgets cpu, memory and latency of another number of ready instances', () => {
    const at = (secondsAgo: number, ready: number, usage: number): AppSample[] => [
      sample('cpu_percent', secondsAgo, usage, ready),
      sample('memory_percent', secondsAgo, usage, ready),
      sample('latency_p95', secondsAgo, usage, ready),
      sample('rps', secondsAgo, 100, ready),
    ];
    const samples = [...at(20, 4, 20), ...at(15, 2, 90), ...at(10, 2, 90), ...at(5, 4, 45), ...at(0, 4, 47)];
    const { cpu, memory, latency, rps } = readingsOf(samples, { ready: 4 });
    expect([cpu.value, memory.value, latency.value]).to.deep.equal([46, 46, 46]);
    expect(cpu.samples).to.equal(2);
    expect(rps).to.include({ value: 25, samples: 5 });
  });

  it('counts ready instances that were not measured yet as idle, and says so', () => {
    const samples = [sample('cpu_percent', 0, 90, 4, 2), sample('memory_percent', 0, 40, 4, 2)];
    const { cpu, memory } = readingsOf(samples, { ready: 4 });
    expect(cpu).to.include({ state: 'partial', value: 45 });
    expect(memory).to.include({ state: 'partial', value: 20 });
  });
});

describe('what the metric window does not know', () => {
  it('is missing without samples', () => {
    const { rps, latency, cpu, memory, connection } = readingsOf([]);
    for (const reading of [rps, latency, cpu, memory, connection])
      expect(reading).to.deep.equal({ state: 'missing', value: null, samples: 0, newestAt: null });
  });

  it('is stale when the newest sample is older than three intervals', () => {
    const samples = [
      sample('rps', 16, 8),
      sample('cpu_percent', 16, 50),
      sample('active_connections', 15, 8),
    ];
    const { rps, cpu, latency, connection } = readingsOf(samples);
    expect(rps).to.include({ state: 'stale', newestAt: ago(16) });
    expect([cpu.state, latency.state, connection.state]).to.deep.equal(['stale', 'stale', 'measured']);
  });

  it('is a latency where requests were made, but not where none were', () => {
    expect(readingsOf(every5s('rps', [0, 1])).latency.state).to.equal('missing');
    expect(readingsOf(every5s('rps', [0, 0])).latency).to.include({ state: 'measured', value: 0 });
  });

  it('is no latency that is old only because nobody asked since', () => {
    const samples = [...every5s('rps', [1, 0, 0, 0, 0, 0, 0]), sample('latency_p95', 30, 70)];
    expect(readingsOf(samples).latency).to.include({ state: 'measured', value: 70 });
  });

  it('is nothing of what does not come through the ingress', () => {
    const { rps, latency, cpu, connection } = readingsOf(every5s('cpu_percent', [5]), { routed: false });
    expect([rps.state, latency.state, connection.state]).to.deep.equal(Array(3).fill('inapplicable'));
    expect(cpu.state).to.equal('measured');
    expect(windowOf(every5s('rps', [5]), { ...SCOPE, routed: false }).arriving).to.equal(null);
  });

  it('is a share of the requests while no instance is ready', () => {
    const window = windowOf(every5s('rps', [5], 0), { ...SCOPE, ready: 0 });
    expect(window.readings.rps.state).to.equal('missing');
    expect(window.arriving).to.equal(5);
  });
});

describe('the load that arrives', () => {
  it('is the mean of all requests, and unknown when stale', () => {
    expect(windowOf(every5s('rps', [10, 20]), SCOPE).arriving).to.equal(15);
    expect(windowOf([sample('rps', 16, 10)], SCOPE).arriving).to.equal(null);
  });

  it('rises when the later half of the window has a tenth more than the earlier', () => {
    const steps = (earlier: number, later: number): AppSample[] =>
      every5s('rps', [...Array<number>(6).fill(earlier), ...Array<number>(6).fill(later)]);
    expect(windowOf(steps(100, 111), SCOPE).rising).to.equal(true);
    expect(windowOf(steps(100, 109), SCOPE).rising).to.equal(false);
    expect(windowOf(steps(100, 20), SCOPE).rising).to.equal(false);
    expect(windowOf(steps(0, 0), SCOPE).rising).to.equal(false);
    expect(windowOf(every5s('rps', [50]), SCOPE).rising).to.equal(false);
    expect(windowOf(every5s('rps', [10, 20]), { ...SCOPE, windowSeconds: 1 }).rising).to.equal(false);
    expect(windowOf(every5s('rps', [10, 10, 20]), { ...SCOPE, windowSeconds: 1 }).rising).to.equal(true);
  });
});
