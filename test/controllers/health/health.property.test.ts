import { expect } from 'chai';
import fc from 'fast-check';
import {
  applyProbe,
  healthRecord,
  initialHealth,
  nextProbeAt,
  type HealthState,
} from '../../../src/controllers/health/health.ts';
import { after, checkOf, probe, STARTED } from './check.ts';

const RUNS = { numRuns: 1_000 };
const base = checkOf();
const checks = fc
  .record({
    failureThreshold: fc.integer({ min: 1, max: 4 }),
    successThreshold: fc.integer({ min: 1, max: 4 }),
    initialDelaySeconds: fc.integer({ min: 0, max: 12 }),
    periodSeconds: fc.integer({ min: 1, max: 60 }),
  })
  .map((changes) => ({ ...base, ...changes }));
const histories = fc.array(fc.boolean(), { maxLength: 30 });

/** Every state of a life that is probed once a second. */
function life(history: readonly boolean[], check: typeof base): HealthState[] {
  const states = [initialHealth(STARTED)];
  history.forEach((ok, index) => {
    const last = states.at(-1) as HealthState;
    states.push(applyProbe(last, probe(ok, index + 1), check, STARTED));
  });
  return states;
}

describe('health, whatever probes show', () => {
  it('changes only with as many results in a row as its threshold says', () => {
    fc.assert(
      fc.property(checks, histories, (check, history) => {
        life(history, check).forEach((state, index, states) => {
          const before = states[index - 1];
          if (!before || before.status === state.status) return;
          const healthy = state.status === 'healthy';
          const count = healthy ? check.successThreshold : check.failureThreshold;
          const row = history.slice(index - count, index);
          expect(row).to.deep.equal(Array.from({ length: count }, () => healthy));
          expect(state.since).to.deep.equal(after(index));
        });
      }),
      RUNS,
    );
  });

  it('is what the last row of results that reached its threshold says', () => {
    fc.assert(
      fc.property(checks, histories, (check, history) => {
        const delayed = history.map((ok, index) =>
          !ok && index + 1 < check.initialDelaySeconds ? '.' : ok ? '+' : '-',
        );
        const rows = [...delayed.join('').matchAll(/\++|-+/g)].map(([row]) => row);
        const telling = rows.findLast((row) =>
          row.startsWith('+') ? row.length >= check.successThreshold : row.length >= check.failureThreshold,
        );
        const expected =
          telling === undefined ? 'starting' : telling.startsWith('+') ? 'healthy' : 'unhealthy';
        expect(life(history, check).at(-1)?.status).to.equal(expected);
      }),
      RUNS,
    );
  });

  it('is never unhealthy within the initial delay', () => {
    fc.assert(
      fc.property(checks, histories, (check, history) => {
        life(history, check)
          .slice(0, check.initialDelaySeconds)
          .forEach(({ status }) => expect(status).not.to.equal('unhealthy'));
      }),
      RUNS,
    );
  });

  it('goes on after a restart at any moment as it would have, but for successes in a row', () => {
    fc.assert(
      fc.property(checks, histories, histories, (check, past, future) => {
        const single = { ...check, successThreshold: 1 };
        const before = life(past, single).at(-1) as HealthState;
        const restored = initialHealth(STARTED, healthRecord(before, single));
        const [went, goes] = [before, restored].map((start) =>
          future.reduce(
            (state, ok, index) => applyProbe(state, probe(ok, past.length + index + 1), single, STARTED),
            start,
          ),
        );
        expect({ ...goes, consecutiveSuccesses: 0 }).to.deep.equal({ ...went, consecutiveSuccesses: 0 });
      }),
      RUNS,
    );
  });

  it('has its next probe within 1.1 periods, and never before 0.9 of one unless it is starting', () => {
    fc.assert(
      fc.property(
        checks,
        histories,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (check, history, random) => {
          const state = life(history, check).at(-1) as HealthState;
          const now = state.lastCheckAt ?? STARTED;
          const delay = (nextProbeAt(state, check, STARTED, now, random).getTime() - now.getTime()) / 1_000;
          const least = state.status === 'starting' ? 0.089 : 0.899 * check.periodSeconds;
          if (state.lastCheckAt) expect(delay).to.be.within(least, check.periodSeconds * 1.1);
          else expect(delay).to.equal(0);
        },
      ),
      RUNS,
    );
  });
});
