import { expect } from 'chai';
import fc from 'fast-check';
import type {
  ReadingState,
  ScalingInput,
  ScalingMetric,
} from '../../../src/controllers/scaling/algorithm.ts';
import { METRICS } from '../../../src/controllers/scaling/factor.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import { ago, NOW, windowWith } from './inputs.ts';
import { policies } from './world.ts';

const RUNS = { numRuns: 2_000 };

const states = fc.constantFrom<ReadingState>(
  'measured',
  'measured',
  'partial',
  'stale',
  'missing',
  'inapplicable',
);
const figures = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 20, noNaN: true }),
  fc.double({ min: 0, max: 2_000, noNaN: true }),
);
const moments = fc.option(fc.integer({ min: 0, max: 120 }).map(ago));
const each = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Record<ScalingMetric, T>> =>
  fc.record({ rps: arbitrary, latency: arbitrary, cpu: arbitrary, memory: arbitrary, connection: arbitrary });

/** Any input, within the policy's bounds or not. */
const inputs: fc.Arbitrary<ScalingInput> = fc
  .record({
    policy: policies,
    desired: fc.integer({ min: 0, max: 14 }),
    ready: fc.integer({ min: 0, max: 14 }),
    values: each(figures),
    states: fc.oneof(fc.constant(null), each(states)),
    arriving: fc.option(figures),
    rising: fc.boolean(),
    rollingOut: fc.boolean(),
    lastScaledAt: moments,
    lowSince: moments,
    idleSince: moments,
    slow: fc.option(
      fc.record({
        revision: fc.constantFrom(1, 2),
        replicas: fc.integer({ min: 1, max: 12 }),
        arriving: figures,
      }),
    ),
  })
  .map(
    ({
      policy,
      desired,
      ready,
      values,
      states: given,
      arriving,
      rising,
      rollingOut,
      lastScaledAt,
      lowSince,
      idleSince,
      slow,
    }) => {
      const read = (metric: ScalingMetric): number | ReadingState => {
        const state = given?.[metric] ?? 'measured';
        return state === 'measured' ? values[metric] : state;
      };
      const window = windowWith(
        {
          rps: read('rps'),
          latency: read('latency'),
          cpu: read('cpu'),
          memory: read('memory'),
          connection: read('connection'),
        },
        { arriving, rising },
      );
      const memory = { lowSince, idleSince, slow };
      return {
        policy,
        revision: 1,
        current: { desired, ready },
        rollingOut,
        lastScaledAt,
        window,
        memory,
        now: NOW,
      };
    },
  );

const inBounds = inputs.filter(
  ({ policy, current }) => current.desired >= policy.minReplicas && current.desired <= policy.maxReplicas,
);
const running = inBounds.filter(({ current }) => current.desired > 0);

describe('a scaling decision, whatever is measured', () => {
  it('is within minReplicas and maxReplicas', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { desired } = proportional(input);
        expect(desired).to.be.within(input.policy.minReplicas, input.policy.maxReplicas);
        expect(desired % 1).to.equal(0);
      }),
      RUNS,
    );
  });

  it('never scales in when a metric that counts is missing, stale or partial', () => {
    const doubtful = running.filter(({ policy, window }) =>
      METRICS.some(
        (metric) =>
          policy.weights[metric] > 0 && !['measured', 'inapplicable'].includes(window.readings[metric].state),
      ),
    );
    fc.assert(
      fc.property(doubtful, (input) => {
        expect(proportional(input).desired).to.be.at.least(input.current.desired);
      }),
      RUNS,
    );
  });

  it('keeps the cooldown', () => {
    const cooling = running.filter(
      ({ policy, lastScaledAt }) =>
        lastScaledAt !== null && NOW.getTime() - Date.parse(lastScaledAt) < policy.cooldownSeconds * 1_000,
    );
    fc.assert(
      fc.property(cooling, (input) => {
        expect(proportional(input).desired).to.equal(input.current.desired);
      }),
      RUNS,
    );
  });

  it('keeps the steps', () => {
    fc.assert(
      fc.property(inBounds, (input) => {
        const { maxScaleOutStep, maxScaleInStep } = input.policy;
        const change = proportional(input).desired - input.current.desired;
        if (maxScaleOutStep > 0) expect(change).to.be.at.most(maxScaleOutStep);
        if (maxScaleInStep > 0) expect(-change).to.be.at.most(maxScaleInStep);
      }),
      RUNS,
    );
  });

  it('never scales in during a rollout', () => {
    fc.assert(
      fc.property(inBounds, (input) => {
        const { desired } = proportional({ ...input, rollingOut: true });
        expect(desired).to.be.at.least(input.current.desired);
      }),
      RUNS,
    );
  });

  it('never leaves a metric over the scale-out threshold by scaling in, as far as can be computed', () => {
    fc.assert(
      fc.property(running, (input) => {
        const { desired, direction, factors } = proportional(input);
        if (direction !== 'in' || desired === 0) return;
        const { ready } = input.current;
        for (const { factor, weight } of factors)
          if (weight > 0)
            expect(((factor ?? 0) * ready) / Math.min(ready, desired)).to.be.below(
              input.policy.scaleOutThresholdPct / 100,
            );
      }),
      RUNS,
    );
  });

  it('never asks for fewer when there is more to do', () => {
    fc.assert(
      fc.property(inputs, each(figures), fc.boolean(), (input, more, rises) => {
        const readings = { ...input.window.readings };
        for (const metric of METRICS) {
          const { value } = readings[metric];
          readings[metric] = { ...readings[metric], value: value === null ? null : value + more[metric] };
        }
        const { arriving, rising } = input.window;
        const window = {
          readings,
          arriving: arriving === null ? null : arriving + more.rps,
          rising: rising || rises,
        };
        expect(proportional({ ...input, window }).desired).to.be.at.least(proportional(input).desired);
      }),
      RUNS,
    );
  });

  it('is the same again from what is recorded of its input, which it leaves alone', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const before = JSON.stringify(input);
        const decision = proportional(input);
        expect(JSON.stringify(input)).to.equal(before);
        const recorded = { ...(JSON.parse(before) as ScalingInput), now: input.now };
        expect(proportional(recorded)).to.deep.equal(decision);
      }),
      RUNS,
    );
  });

  it('changes the count as its direction says, and says why', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { desired, direction, reason, message } = proportional(input);
        const change = Math.sign(desired - input.current.desired);
        expect(direction).to.equal(change > 0 ? 'out' : change < 0 ? 'in' : 'hold');
        expect(reason).to.match(/^[A-Z][A-Za-z]+$/);
        expect(message)
          .to.match(/\S/)
          .and.not.match(/NaN|undefined|null|Infinity/);
      }),
      RUNS,
    );
  });
});
