import { expect } from 'chai';
import {
  applyProbe,
  forgetResults,
  healthRecord,
  initialHealth,
  nextProbeAt,
  type HealthState,
} from '../../../src/controllers/health/health.ts';
import type { HealthCheck } from '../../../src/manifest/app.gen.ts';
import { UNCHECKED } from '../../../src/store/instance-health.ts';
import { after, checkOf, probe, STARTED } from './check.ts';

/** The state after one probe a second, from the first second on: `+` passed, `-` failed. */
function afterResults(results: string, check: HealthCheck, state = initialHealth(STARTED)): HealthState {
  const offset = state.lastCheckAt ? (state.lastCheckAt.getTime() - STARTED.getTime()) / 1_000 : 0;
  return results
    .split('')
    .reduce(
      (current, result, index) =>
        applyProbe(current, probe(result === '+', offset + index + 1), check, STARTED),
      state,
    );
}

describe('the health of an instance', () => {
  const table: [results: string, thresholds: Partial<HealthCheck>, status: string][] = [
    ['', {}, 'starting'],
    ['+', {}, 'healthy'],
    ['-', {}, 'starting'],
    ['--', {}, 'starting'],
    ['---', {}, 'unhealthy'],
    ['--+', {}, 'healthy'],
    ['+--', {}, 'healthy'],
    ['+---', {}, 'unhealthy'],
    ['+--+--+--', {}, 'healthy'],
    ['+---+', {}, 'healthy'],
    ['-', { failureThreshold: 1 }, 'unhealthy'],
    ['+', { successThreshold: 2 }, 'starting'],
    ['+-+-+-+', { successThreshold: 2 }, 'starting'],
    ['++', { successThreshold: 2 }, 'healthy'],
    ['++---+', { successThreshold: 2 }, 'unhealthy'],
    ['++---+-+-+-', { successThreshold: 2 }, 'unhealthy'],
    ['++---++', { successThreshold: 2 }, 'healthy'],
    ['-----', { initialDelaySeconds: 10 }, 'starting'],
    ['-----+', { initialDelaySeconds: 10 }, 'healthy'],
    ['+----', { initialDelaySeconds: 10 }, 'healthy'],
    ['----', { initialDelaySeconds: 3 }, 'starting'],
    ['-----', { initialDelaySeconds: 3 }, 'unhealthy'],
    ['+----', { initialDelaySeconds: 4 }, 'healthy'],
    ['+-----', { initialDelaySeconds: 4 }, 'unhealthy'],
  ];
  for (const [results, thresholds, status] of table)
    it(`is ${status} after ${results || 'nothing'} with ${JSON.stringify(thresholds)}`, () => {
      expect(afterResults(results, checkOf(thresholds)).status).to.equal(status);
    });

  it('tells since when it is so', () => {
    expect(initialHealth(STARTED).since).to.deep.equal(STARTED);
    expect(afterResults('-++', checkOf()).since).to.deep.equal(after(2));
    expect(afterResults('+--', checkOf()).since).to.deep.equal(after(1));
    expect(afterResults('+---', checkOf()).since).to.deep.equal(after(4));
  });

  it('counts every failure, and those in a row that count', () => {
    const state = afterResults('-+--', checkOf());
    expect(state).to.deep.include({ failureCount: 3, consecutiveFailures: 2, consecutiveSuccesses: 0 });
    expect(state).to.deep.include({ lastCheckAt: after(4), lastFailureAt: after(4) });
    expect(afterResults('--', checkOf({ initialDelaySeconds: 60 }))).to.deep.include({
      failureCount: 2,
      consecutiveFailures: 0,
    });
  });

  it('keeps the last five probes', () => {
    expect(afterResults('-+-+-+-', checkOf()).probes.map(({ at }) => at)).to.deep.equal(
      [3, 4, 5, 6, 7].map((seconds) => after(seconds).toISOString()),
    );
  });

  it('does not hold failures of a former check against an instance', () => {
    const forgiven = forgetResults(afterResults('+--', checkOf()));
    expect(forgiven.status).to.equal('healthy');
    expect(afterResults('--', checkOf(), forgiven).status).to.equal('healthy');
    expect(afterResults('---', checkOf(), forgiven).status).to.equal('unhealthy');
  });

  describe('after a restart of AutoServe', () => {
    for (const results of ['+', '+--', '---', '--'])
      it(`is what it was after ${results}, and counts on`, () => {
        const before = afterResults(results, checkOf());
        const restored = initialHealth(STARTED, healthRecord(before, checkOf()));
        expect(restored).to.deep.equal({ ...before, consecutiveSuccesses: 0 });
        const [went, goes] = [before, restored].map((state) => afterResults('-', checkOf(), state).status);
        expect(goes).to.equal(went);
      });

    it('is starting when its container was started anew in the meantime, or was never probed', () => {
      const record = healthRecord(afterResults('+++', checkOf()), checkOf());
      expect(initialHealth(after(60), record)).to.deep.equal(initialHealth(after(60)));
      expect(initialHealth(STARTED, UNCHECKED)).to.deep.equal(initialHealth(STARTED));
      const unknown = { ...record, healthStatus: 'unknown' as const };
      expect(initialHealth(STARTED, unknown).status).to.equal('starting');
    });
  });
});

describe('the next probe', () => {
  const delayOf = (state: HealthState, check: HealthCheck, now: Date, random: number): number =>
    (nextProbeAt(state, check, STARTED, now, random).getTime() - (state.lastCheckAt ?? now).getTime()) /
    1_000;

  it('is due at once when there was none', () => {
    expect(nextProbeAt(initialHealth(STARTED), checkOf(), STARTED, after(7), 0.9)).to.deep.equal(after(7));
  });

  it('comes a period after the last one, a tenth earlier or later', () => {
    const state = afterResults('+', checkOf());
    expect(delayOf(state, checkOf(), after(1), 0)).to.equal(27);
    expect(delayOf(state, checkOf(), after(1), 0.5)).to.equal(30);
    expect(delayOf(state, checkOf(), after(1), 0.999)).to.be.within(32.9, 33);
  });

  it('comes within about a second while an instance is starting within its initial delay', () => {
    const check = checkOf({ initialDelaySeconds: 30 });
    expect(delayOf(afterResults('--', check), check, after(2), 0.5)).to.equal(1);
    expect(delayOf(afterResults('-+', check), check, after(2), 0.5)).to.equal(30);
    expect(delayOf(afterResults('--', check), check, after(30), 0.5)).to.equal(30);
    const slow = { ...check, successThreshold: 2 };
    expect(delayOf(afterResults('+', slow), slow, after(1), 0.5)).to.equal(1);
  });

  it('comes the sooner the younger an instance is that is starting, so that what starts fast is soon ready', () => {
    const check = checkOf({ initialDelaySeconds: 30 });
    const delays = [0, 0.1, 0.5, 1.2, 2, 20].map((age) => {
      const probed = { ...initialHealth(STARTED), lastCheckAt: after(age) };
      return delayOf(probed, check, after(age), 0.5);
    });
    expect(delays).to.deep.equal([0.1, 0.1, 0.25, 0.6, 1, 1]);
  });

  it('is due at once when the last one took longer than the period', () => {
    const check = checkOf({ periodSeconds: 1 });
    expect(nextProbeAt(afterResults('-', check), check, STARTED, after(6), 0.5)).to.deep.equal(after(6));
  });
});
