import { expect } from 'chai';
import { NO_MEMORY, type ScalingMemory } from '../../../src/controllers/scaling/algorithm.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import { ago, inputOf, NOW, type InputChanges } from './inputs.ts';

type Case = [name: string, changes: InputChanges, desired: number, reason: string, clamps?: string[]];

function check(title: string, cases: Case[]): void {
  describe(title, () => {
    for (const [name, changes, desired, reason, clamps = []] of cases)
      it(name, () => {
        const decision = proportional(inputOf(changes));
        expect(decision).to.include({ desired, reason });
        expect(decision.clamps.map(({ kind }) => kind)).to.deep.equal(clamps);
        const { n = 2 } = changes;
        expect(decision.direction).to.equal(desired > n ? 'out' : desired < n ? 'in' : 'hold');
      });
  });
}

const QUIET = { rps: 1, latency: 20, cpu: 5, memory: 5, connection: 1 };
const UNROUTED = { rps: 'inapplicable', latency: 'inapplicable', connection: 'inapplicable' } as const;
const UNKNOWN = { rps: null, latency: null, cpu: null, memory: null, connection: null };
const SLOW = { latency: 400 };
/** What is remembered of so many seconds of little load, some of it none, and of a count that was too slow. */
const low = (seconds: number, slow: ScalingMemory['slow'] = null, idle?: number): ScalingMemory => ({
  lowSince: ago(seconds),
  idleSince: idle === undefined ? null : ago(idle),
  slow,
});
const SHORT = { cooldownSeconds: 0, stabilizationWindowSeconds: 0 };

// prettier-ignore
check('scaling out', [
  ['waits below the threshold of a target', { values: { rps: 39 } }, 2, 'WithinThresholds'],
  ['waits at the threshold exactly, which the count just carries', { values: { rps: 40 } }, 2, 'WithinThresholds'],
  ['adds one just above the threshold', { values: { rps: 41 } }, 3, 'RPSAboveThreshold'],
  ['adds as many as bring rps to the threshold', { values: { rps: 120 } }, 6, 'RPSAboveThreshold'],
  ['quadruples when four times as much arrives', { values: { rps: 160 } }, 8, 'RPSAboveThreshold'],
  ['adds for cpu', { values: { cpu: 84 } }, 3, 'CPUAboveThreshold'],
  ['adds for memory', { values: { memory: 90 } }, 3, 'MemoryAboveThreshold'],
  ['adds for connections, with their weight', { values: { connection: 200 } }, 5, 'ConnectionsAboveThreshold'],
  ['takes the most that a metric asks for', { values: { rps: 90, cpu: 95 } }, 5, 'RPSAboveThreshold'],
  ['takes the first of two that ask for as much', { values: { rps: 80, cpu: 112 } }, 4, 'RPSAboveThreshold'],
  ['counts what is over the threshold twice with weight 2', { values: { rps: 80 }, policy: { weights: { rps: 2 } } }, 6, 'RPSAboveThreshold'],
  ['counts it half with weight 0.5', { values: { rps: 120 }, policy: { weights: { rps: 0.5 } } }, 4, 'RPSAboveThreshold'],
  ['adds one at least with the smallest weight', { values: { rps: 41 }, policy: { weights: { rps: 0.001 } } }, 3, 'RPSAboveThreshold'],
  ['ignores a metric of weight 0', { values: { rps: 500 }, policy: { weights: { rps: 0 } }, n: 1 }, 1, 'AtMinReplicas', ['MinReplicas']],
  ['reads another threshold', { values: { rps: 50 }, policy: { scaleOutThresholdPct: 100 } }, 2, 'WithinThresholds'],
  ['reads another target', { values: { rps: 50 }, policy: { targetRPSPerReplica: 10 } }, 10, 'RPSAboveThreshold', ['MaxReplicas']],
  ['goes on although other metrics are missing', { values: { rps: 90, cpu: null } }, 5, 'RPSAboveThreshold'],
  ['goes on although other metrics are stale', { values: { rps: 90, memory: 'stale' } }, 5, 'RPSAboveThreshold'],
  ['goes on during a rollout', { values: { rps: 90 }, rollingOut: true }, 5, 'RPSAboveThreshold'],
  ['is not led astray by rounding', { values: { rps: (100 / 3) * 1.2 }, n: 3 }, 3, 'WithinThresholds'],
]);

// prettier-ignore
check('the limits of scaling out', [
  ['are the maximum', { values: { rps: 400 } }, 10, 'RPSAboveThreshold', ['MaxReplicas']],
  ['end at the maximum', { values: { rps: 400 }, n: 10 }, 10, 'AtMaxReplicas', ['MaxReplicas']],
  ['are the step', { values: { rps: 400 }, policy: { maxScaleOutStep: 3 } }, 5, 'RPSAboveThreshold', ['ScaleOutStep']],
  ['are both, the tighter last', { values: { rps: 400 }, n: 8, policy: { maxScaleOutStep: 3 } }, 10, 'RPSAboveThreshold', ['ScaleOutStep', 'MaxReplicas']],
  ['are no step when it is 0', { values: { rps: 160 }, policy: { maxScaleOutStep: 0 } }, 8, 'RPSAboveThreshold'],
  ['are the cooldown', { values: { rps: 90 }, lastScaledAt: ago(100) }, 2, 'Cooldown', ['Cooldown']],
  ['end with the cooldown', { values: { rps: 90 }, lastScaledAt: ago(180) }, 5, 'RPSAboveThreshold'],
  ['are none before the first change', { values: { rps: 90 }, lastScaledAt: null }, 5, 'RPSAboveThreshold'],
  ['are the instances that were asked for already', { values: { rps: 80 }, n: 4, ready: 2 }, 4, 'InstancesStarting'],
  ['are not what those instances cannot carry', { values: { rps: 160 }, n: 4, ready: 2 }, 8, 'RPSAboveThreshold'],
  ['are no crash of others', { values: { rps: 160 }, n: 8, ready: 2 }, 8, 'InstancesStarting'],
  ['are that nothing is ready', { values: { rps: 'missing', cpu: null }, window: { arriving: 500 }, ready: 0 }, 2, 'NoReadyInstances'],
]);

// prettier-ignore
check('latency', [
  ['adds one of few when load is high', { values: { ...SLOW, rps: 30 } }, 3, 'LatencyAboveThreshold'],
  ['adds one when load rises', { values: { ...SLOW, rps: 5 }, window: { rising: true } }, 3, 'LatencyAboveThreshold'],
  ['adds a quarter of many', { values: { ...SLOW, cpu: 50 }, n: 8 }, 10, 'LatencyAboveThreshold'],
  ['adds a quarter rounded up', { values: { ...SLOW, connection: 60 }, n: 5 }, 7, 'LatencyAboveThreshold'],
  ['adds no more the slower it is', { values: { latency: 60_000, rps: 30 } }, 3, 'LatencyAboveThreshold'],
  ['adds none for what replicas do not cure', { values: { ...SLOW, rps: 5 } }, 2, 'LoadNotHigh'],
  ['adds none for cpu that the policy ignores', { values: { ...SLOW, rps: 5, cpu: 95 }, policy: { weights: { cpu: 0 } } }, 2, 'LoadNotHigh'],
  ['adds none for memory, which is no load', { values: { ...SLOW, memory: 50 } }, 2, 'LoadNotHigh'],
  ['adds none before the last step is ready', { values: { ...SLOW, rps: 30 }, n: 3, ready: 2 }, 3, 'InstancesStarting'],
  ['adds at the threshold itself', { values: { latency: 200, rps: 30 } }, 3, 'LatencyAboveThreshold'],
  ['leaves the word to a metric that asks for more', { values: { ...SLOW, rps: 160 } }, 8, 'RPSAboveThreshold'],
  ['is ignored with weight 0', { values: { ...SLOW, rps: 30 }, policy: { weights: { latency: 0 } } }, 2, 'WithinThresholds'],
  ['keeps the count while it is not low', { values: { ...QUIET, latency: 100 } }, 2, 'WithinThresholds'],
]);

// prettier-ignore
check('scaling in', [
  ['removes one when all has been low for long', { values: QUIET }, 1, 'LoadLow'],
  ['removes one of many, the default step', { values: QUIET, n: 9 }, 8, 'LoadLow', ['ScaleInStep']],
  ['removes as many as the step says', { values: QUIET, n: 9, policy: { maxScaleInStep: 3 } }, 6, 'LoadLow', ['ScaleInStep']],
  ['goes as far as metrics stay low without a step', { values: { ...QUIET, rps: 5 }, n: 9, policy: { maxScaleInStep: 0 } }, 2, 'LoadLow'],
  ['ends at the minimum', { values: QUIET, n: 9, policy: { maxScaleInStep: 0, minReplicas: 4 } }, 4, 'LoadLow', ['MinReplicas']],
  ['does not go under the minimum', { values: QUIET, n: 4, policy: { minReplicas: 4 } }, 4, 'AtMinReplicas', ['MinReplicas']],
  ['waits while one metric is above its threshold', { values: { ...QUIET, cpu: 22 } }, 2, 'WithinThresholds'],
  ['counts the threshold itself as low', { values: { ...QUIET, cpu: 21 } }, 1, 'LoadLow'],
  ['waits while it has been low only for a while', { values: QUIET, memory: low(200) }, 2, 'Stabilizing', ['Stabilization']],
  ['begins to wait with the first low reading', { values: QUIET, memory: NO_MEMORY }, 2, 'Stabilizing', ['Stabilization']],
  ['waits for the cooldown', { values: QUIET, lastScaledAt: ago(60) }, 2, 'Cooldown', ['Cooldown']],
  ['waits for all that is in the way', { values: QUIET, lastScaledAt: ago(60), rollingOut: true, memory: low(299) }, 2, 'Stabilizing', ['Stabilization', 'Rollout', 'Cooldown']],
  ['waits for a rollout', { values: QUIET, rollingOut: true }, 2, 'RolloutInProgress', ['Rollout']],
  ['does not overload those that stay', { values: { ...QUIET, rps: 20 }, policy: { ...SHORT, scaleInThresholdPct: 79 } }, 2, 'WouldOverload', ['Projection']],
  ['keeps a tenth of headroom', { values: { ...QUIET, rps: 18.1 }, policy: { ...SHORT, scaleInThresholdPct: 79 } }, 2, 'WouldOverload', ['Projection']],
  ['removes when a tenth of headroom is left', { values: { ...QUIET, rps: 17.9 }, policy: { ...SHORT, scaleInThresholdPct: 79 } }, 1, 'LoadLow'],
  ['does not go back to a count that was too slow', { values: { ...QUIET, rps: 10 }, n: 4, memory: low(900, { revision: 1, replicas: 3, arriving: 41 }) }, 4, 'WouldBeSlow', ['LatencyFloor']],
  ['does when less arrives than then', { values: { ...QUIET, rps: 10 }, n: 4, memory: low(900, { revision: 1, replicas: 3, arriving: 45 }) }, 3, 'LoadLow', ['ScaleInStep']],
  ['does with another revision', { values: { ...QUIET, rps: 10 }, n: 4, revision: 2, memory: low(900, { revision: 1, replicas: 3, arriving: 41 }) }, 3, 'LoadLow', ['ScaleInStep']],
  ['leaves an instance while something arrives', { values: { ...QUIET, rps: 0.01 }, n: 1, policy: { minReplicas: 0 } }, 1, 'StillUsed'],
  ['leaves an instance while connections are open', { values: { ...QUIET, rps: 0, connection: 0.01 }, n: 1, policy: { minReplicas: 0 } }, 1, 'StillUsed'],
]);

// prettier-ignore
check('missing metrics', [
  ['never scale in', { values: { ...QUIET, cpu: null } }, 2, 'MissingMetrics', ['MissingMetrics']],
  ['never scale in when stale', { values: { ...QUIET, cpu: 'stale' } }, 2, 'MissingMetrics', ['MissingMetrics']],
  ['never scale in when some instances have none', { values: { ...QUIET, memory: 'partial' } }, 2, 'MissingMetrics', ['MissingMetrics']],
  ['never scale in when all are missing', { values: UNKNOWN }, 2, 'MissingMetrics', ['MissingMetrics']],
  ['do not matter with weight 0', { values: { ...QUIET, cpu: null }, policy: { weights: { cpu: 0 } } }, 1, 'LoadLow'],
  ['do not matter where there is nothing to measure', { values: { ...UNROUTED, cpu: 5, memory: 5 } }, 1, 'LoadLow'],
  ['are not the same as no metric at all', { values: QUIET, policy: { weights: { rps: 0, cpu: 0, memory: 0, latency: 0, connection: 0 } } }, 2, 'NoMetrics'],
]);

// prettier-ignore
check('a count outside of the bounds', [
  ['is raised to the minimum at once', { values: QUIET, policy: { minReplicas: 5 }, lastScaledAt: ago(1) }, 5, 'BelowMinReplicas'],
  ['is lowered to the maximum at once', { values: { rps: 400 }, n: 12, lastScaledAt: ago(1) }, 10, 'AboveMaxReplicas'],
  ['is raised without metrics, too', { values: { cpu: null, rps: null }, policy: { minReplicas: 5 } }, 5, 'BelowMinReplicas'],
  ['is lowered without metrics, too', { values: { cpu: null, rps: null }, n: 12 }, 10, 'AboveMaxReplicas'],
  ['is lowered during a rollout, whatever the step', { values: QUIET, n: 20, rollingOut: true }, 10, 'AboveMaxReplicas'],
  ['is what the maximum says when the bounds contradict each other', { policy: { minReplicas: 20, maxReplicas: 10 }, n: 15 }, 10, 'AboveMaxReplicas'],
  ['is none when contradicting bounds are met', { policy: { minReplicas: 20, maxReplicas: 10 }, n: 10 }, 10, 'AtMinReplicas', ['MinReplicas']],
]);

const ASLEEP = {
  n: 0,
  values: UNKNOWN,
} as const;
// prettier-ignore
check('an application without instances', [
  ['sleeps while nothing arrives', { ...ASLEEP, policy: { minReplicas: 0 }, window: { arriving: 0 } }, 0, 'Asleep'],
  ['wakes with the first request', { ...ASLEEP, policy: { minReplicas: 0 }, window: { arriving: 0.02 } }, 1, 'RequestsArriving'],
  ['wakes with as many as the requests need', { ...ASLEEP, policy: { minReplicas: 0 }, window: { arriving: 150 } }, 4, 'RequestsArriving'],
  ['wakes during the cooldown', { ...ASLEEP, policy: { minReplicas: 0 }, window: { arriving: 1 }, lastScaledAt: ago(1) }, 1, 'RequestsArriving'],
  ['wakes within the step', { ...ASLEEP, policy: { minReplicas: 0, maxScaleOutStep: 2 }, window: { arriving: 150 } }, 2, 'RequestsArriving', ['ScaleOutStep']],
  ['wakes within the maximum', { ...ASLEEP, policy: { minReplicas: 0, maxReplicas: 3 }, window: { arriving: 150 } }, 3, 'RequestsArriving', ['MaxReplicas']],
  ['wakes with one when rps has no weight', { ...ASLEEP, policy: { minReplicas: 0, weights: { rps: 0 } }, window: { arriving: 150 } }, 1, 'RequestsArriving'],
  ['stays when nobody knows what arrives', { ...ASLEEP, policy: { minReplicas: 0 }, window: { arriving: null } }, 0, 'MissingMetrics'],
  ['was put to sleep when nothing arrived for long', { values: { ...QUIET, rps: 0, connection: 0 }, n: 1, policy: { minReplicas: 0 } }, 0, 'Idle'],
  ['was not before', { values: { ...QUIET, rps: 0, connection: 0 }, n: 1, policy: { minReplicas: 0 }, memory: low(900, null, 299) }, 1, 'Stabilizing', ['Stabilization']],
  ['keeps one of many until nothing has arrived for long', { values: { ...QUIET, rps: 0, connection: 0 }, n: 2, policy: { minReplicas: 0, maxScaleInStep: 0 }, memory: low(300, null, 299) }, 1, 'LoadLow'],
  ['sends all of many to sleep when nothing has', { values: { ...QUIET, rps: 0, connection: 0 }, n: 2, policy: { minReplicas: 0, maxScaleInStep: 0 }, memory: low(300, null, 300) }, 0, 'Idle'],
  ['was not when it is a worker, which nothing could wake', { values: { ...UNROUTED, cpu: 5, memory: 5 }, n: 1, policy: { minReplicas: 0 } }, 1, 'AtMinReplicas'],
  ['has one all the same when it is a worker, which nothing could wake', { ...ASLEEP, values: UNROUTED, policy: { minReplicas: 0 }, window: { arriving: null } }, 1, 'BelowMinReplicas'],
]);

// prettier-ignore
check('mode manual', [
  ['is what the manifest says', { values: { rps: 400 }, policy: { mode: 'manual', replicas: 3 } }, 3, 'Manual'],
  ['is the minimum without a count', { values: { rps: 400 }, policy: { mode: 'manual', minReplicas: 4 } }, 4, 'Manual'],
  ['knows no cooldown', { policy: { mode: 'manual', replicas: 1 }, lastScaledAt: ago(1) }, 1, 'Manual'],
]);

describe('a decision', () => {
  it('says what led to it', () => {
    const { message, factors } = proportional(inputOf({ values: { rps: 92, cpu: 40 } }));
    expect(message).to.equal('rps 92 is 184 % of its target 50 and asks for 5');
    expect(factors.find(({ metric }) => metric === 'rps')).to.deep.equal({
      metric: 'rps',
      state: 'measured',
      value: 92,
      target: 50,
      weight: 1,
      factor: 1.84,
      asked: 5,
    });
  });

  it('says how much each limit took, and how long it will', () => {
    const { clamps, message } = proportional(
      inputOf({ values: { rps: 400 }, policy: { maxScaleOutStep: 3 }, lastScaledAt: ago(137.5) }),
    );
    expect(clamps).to.deep.equal([
      { kind: 'ScaleOutStep', asked: 20, allowed: 5 },
      { kind: 'Cooldown', asked: 5, allowed: 2, secondsLeft: 43 },
    ]);
    expect(message).to.match(/asks for 20; in 43 s, when the cooldown is over$/);
  });

  it('names what is not known', () => {
    const { message } = proportional(inputOf({ values: { rps: null, cpu: 'stale', memory: 'stale' } }));
    expect(message).to.equal('rps not measured; cpu and memory not measured lately');
  });

  it('remembers since when it has been low and idle, and forgets it with load or doubt', () => {
    const memory = { lowSince: ago(50), idleSince: ago(40), slow: null };
    const after = (values: NonNullable<InputChanges['values']>) =>
      proportional(inputOf({ values, memory })).memory;
    expect(after({})).to.deep.equal(memory);
    expect(after({ rps: 1 })).to.deep.equal({ ...memory, idleSince: null });
    expect(after({ cpu: 30 })).to.deep.equal({ ...memory, lowSince: null });
    expect(after({ cpu: null })).to.deep.equal({ ...memory, lowSince: null });
    expect(after({ rps: null })).to.deep.equal({ lowSince: null, idleSince: null, slow: null });
    expect(proportional(inputOf({ memory: NO_MEMORY })).memory).to.include({
      lowSince: NOW.toISOString(),
      idleSince: NOW.toISOString(),
    });
  });

  it('remembers a count that was too slow, and the highest of them', () => {
    const slow = { revision: 1, replicas: 5, arriving: 60 };
    const memory = { lowSince: null, idleSince: null, slow };
    const values = { latency: 400, rps: 30 };
    expect(proportional(inputOf({ values })).memory.slow).to.deep.equal({ ...slow, replicas: 2 });
    expect(proportional(inputOf({ values, memory })).memory.slow).to.deep.equal(slow);
    expect(proportional(inputOf({ values, memory, n: 6 })).memory.slow).to.deep.equal({
      revision: 1,
      replicas: 6,
      arriving: 180,
    });
    expect(proportional(inputOf({ memory, window: { arriving: 53 } })).memory.slow).to.equal(null);
    expect(proportional(inputOf({ memory, window: { arriving: null } })).memory.slow).to.deep.equal(slow);
  });
});
