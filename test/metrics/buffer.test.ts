import { expect } from 'chai';
import { MetricBuffer } from '../../src/metrics/buffer.ts';
import type { MetricSample } from '../../src/store/metrics.ts';

class Away extends Error {}

function sample(value: number): MetricSample {
  return {
    appName: 'web',
    metricType: 'rps',
    timestamp: new Date(),
    value,
    labels: null,
    unit: null,
    aggregationLevel: 'app',
  };
}

const samples = (count: number, from = 0): MetricSample[] =>
  Array.from({ length: count }, (_, index) => sample(from + index));

describe('MetricBuffer', () => {
  let written: number[];
  let batches: number[];
  let dropped: number;
  let fail: ((batch: readonly MetricSample[]) => Error | undefined) | undefined;
  let buffer: MetricBuffer;

  beforeEach(() => {
    written = [];
    batches = [];
    dropped = 0;
    fail = undefined;
    buffer = new MetricBuffer({
      insert: async (batch) => {
        await Promise.resolve();
        const error = fail?.(batch);
        if (error) throw error;
        batches.push(batch.length);
        written.push(...batch.map(({ value }) => value));
      },
      isTransient: (error) => error instanceof Away,
      onError: () => undefined,
      onDropped: (count) => (dropped += count),
      most: 10_000,
    });
  });

  it('writes what it is given, many in one statement', async () => {
    await buffer.write(samples(7_000));
    expect(written).to.have.length(7_000);
    expect(batches).to.deep.equal([5_000, 2_000]);
    expect(buffer.size).to.equal(0);
  });

  it('keeps samples while the database is away, and writes them in their order', async () => {
    fail = () => new Away();
    await buffer.write(samples(3));
    await buffer.write(samples(3, 3));
    expect([written.length, buffer.size, dropped]).to.deep.equal([0, 6, 0]);
    fail = undefined;
    await buffer.write(samples(1, 6));
    expect(written).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
  });

  it('drops the oldest of too many, and counts them', async () => {
    fail = () => new Away();
    await buffer.write(samples(9_000));
    await buffer.write(samples(2_500, 9_000));
    expect([buffer.size, dropped]).to.deep.equal([10_000, 1_500]);
    fail = undefined;
    await buffer.write([]);
    expect(written[0]).to.equal(1_500);
    expect(written).to.have.length(10_000);
  });

  it('gives up on samples that the database refuses, and writes those after them', async () => {
    fail = (batch) => (batch.some(({ value }) => value === 1) ? new Error('refused') : undefined);
    await buffer.write(samples(5_000));
    await buffer.write(samples(2, 5_000));
    expect(dropped).to.equal(5_000);
    expect(written).to.deep.equal([5_000, 5_001]);
  });

  it('writes each sample once when there is more to write while it writes', async () => {
    await Promise.all([buffer.write(samples(2)), buffer.write(samples(2, 2)), buffer.write(samples(2, 4))]);
    expect(written).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });
});
