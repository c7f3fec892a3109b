import { expect } from 'chai';
import fc from 'fast-check';
import { Latency } from '../../src/metrics/latency.ts';

function of(values: readonly number[]): Latency {
  const latency = new Latency();
  for (const value of values) latency.record(value);
  return latency;
}

const durations = fc.array(
  fc.oneof(fc.nat(50), fc.integer({ min: 51, max: 2_000 }), fc.integer({ min: 2_001, max: 3_600_000 })),
);

describe('Latency', () => {
  it('of several merged is that of all their values', () => {
    fc.assert(
      fc.property(fc.array(durations, { maxLength: 6 }), (parts) => {
        const merged = new Latency();
        for (const part of parts) merged.add(of(part));
        const whole = of(parts.flat());
        expect(merged.count).to.equal(whole.count);
        for (const percent of [0, 50, 95, 99, 100]) {
          expect(merged.percentile(percent)).to.equal(whole.percentile(percent));
        }
      }),
    );
  });

  it('shows percentiles within 1 %', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(50, 95, 99, 100), (values, percent) => {
        fc.pre(values.length > 0);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
        expect(of(values).percentile(percent)).to.be.within(exact, exact * 1.01);
      }),
    );
  });

  it('is changed by no other, and changes none', () => {
    const [a, b] = [of([10]), of([1_000, 2_000])];
    a.add(b);
    expect([a.count, b.count]).to.deep.equal([3, 2]);
    b.record(5);
    expect(a.count).to.equal(3);
  });

  it('has no percentile of nothing, and takes what lasted for days as an hour', () => {
    expect(new Latency().percentile(95)).to.equal(null);
    expect(of([1e12]).percentile(50)).to.be.closeTo(3_600_000, 36_000);
  });
});
