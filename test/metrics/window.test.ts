import { expect } from 'chai';
import { Windows } from '../../src/metrics/window.ts';
import type { MetricSample } from '../../src/store/metrics.ts';

const START = new Date('2030-01-01T00:00:00Z').getTime();
const at = (seconds: number): Date => new Date(START + seconds * 1_000);

function sample(seconds: number, some: Partial<MetricSample> = {}): MetricSample {
  return {
    appName: 'web',
    metricType: 'rps',
    timestamp: at(seconds),
    value: seconds,
    labels: null,
    unit: 'req/s',
    aggregationLevel: 'app',
    ...some,
  };
}

describe('Windows', () => {
  let windows: Windows;

  beforeEach(() => {
    windows = new Windows();
  });

  function seconds(window: readonly MetricSample[]): number[] {
    return window.map(({ timestamp }) => (timestamp.getTime() - START) / 1_000);
  }

  it('show the last seconds of an app, oldest first', () => {
    for (let second = 0; second <= 300; second += 5) {
      windows.add([sample(second), sample(second, { appName: 'shop' })], at(second), new Map([['web', 300]]));
    }
    const window = seconds(windows.of('web', 60, at(300)));
    expect(window.at(-1)).to.equal(300);
    expect(window).to.deep.equal(window.toSorted((a, b) => a - b));
    expect(window).to.include(240).and.not.include(215);
    expect(windows.of('other', 60, at(300))).to.deep.equal([]);
  });

  it('keep of each app as much as its policy looks back at, and of one that is gone two hours', () => {
    for (let second = 0; second <= 9_000; second += 5) {
      const policies = new Map([['web', 60]]);
      windows.add(
        second <= 1_000 ? [sample(second), sample(second, { appName: 'gone' })] : [sample(second)],
        at(second),
        policies,
      );
      if (second === 1_000) expect(windows.of('gone', 600, at(second))).to.have.length.above(120);
    }
    expect(windows.of('web', 10_000, at(9_000))).to.have.length.below(20);
    expect(windows.of('gone', 10_000, at(9_000))).to.deep.equal([]);
  });

  it('keep a bounded number whatever a policy says', () => {
    for (let second = 0; second < 8_000; second += 1) {
      windows.add([sample(second)], at(second), new Map([['web', 1_000_000]]));
    }
    expect(windows.of('web', 1_000_000, at(8_000))).to.have.length(7_200);
  }).timeout(20_000);

  it('hold what scaling looks at, and nothing else', () => {
    const others: MetricSample[] = [
      sample(0, { metricType: 'disk_usage' }),
      sample(0, { aggregationLevel: 'instance' }),
      sample(0, { aggregationLevel: 'system', appName: null }),
    ];
    windows.add([...others, sample(0, { metricType: 'cpu_percent' })], at(0), new Map());
    expect(windows.of('web', 60, at(0)).map(({ metricType }) => metricType)).to.deep.equal(['cpu_percent']);
  });
});
