import { expect } from 'chai';
import { alignColumns } from '../../../src/cli/table.ts';
import { scaledByHand } from '../../../src/controllers/scaling/by-hand.ts';
import { explain, type Explained } from '../../../src/controllers/scaling/explanation.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import { ago, inputOf, policyOf, type InputChanges } from './inputs.ts';

function textOf({ headline, table, notes }: ReturnType<typeof explain>): string {
  return `\n${[headline, ...alignColumns(table), ...notes].join('\n')}\n`;
}

function explained(changes: InputChanges, change: Explained['change'] = null): string {
  const input = inputOf(changes);
  const last = { input, decision: proportional(input) };
  return textOf(explain({ ...plain, last, change }, input.policy, input.current.desired));
}

const plain: Explained = { app: 'web', last: null, change: null, byHand: null, stopped: null };

const BUSY = { rps: 92, latency: 120, cpu: 40, memory: 31.26, connection: 12 };

describe('the explanation of a count', () => {
  it('shows why it grows, with what each metric asks for', () => {
    expect(explained({ values: BUSY, n: 3 })).to.equal(`
web has 7 instances: rps 92 is 184 % of its target 50 and asks for 7 (RPSAboveThreshold)
METRIC       VALUE   TARGET  OF TARGET  < 30 %, > 80 %          ASKS FOR
rps          92      50      184 %      [######<#########>###]  7
p95 latency  120 ms  250 ms  48 %       [######<###......>...]  -
cpu          40 %    70 %    57.1 %     [######<####.....>...]  -
memory       31.3 %  75 %    41.7 %     [######<#........>...]  -
connections  12      100     12 %       [##....<.........>...]  -
ready: 3 of 7
allowed: 1 to 10, at most 1 fewer at once
fewer: when rps is 15 or less, p95 latency is 75 ms or less, cpu is 21 % or less and memory is 22.5 % or less, for 300 s
`);
  });

  it('shows why it stays between the thresholds, and what would change it', () => {
    const change = {
      at: ago(4_000),
      from: 2,
      to: 3,
      message: 'cpu 66 % is 94.3 % of its target 70 % and asks for 3',
      by: null,
    };
    expect(explained({ values: { ...BUSY, rps: 22 }, n: 3 }, change)).to.equal(`
web has 3 instances: not every metric is at 30 % of its target or less (WithinThresholds)
METRIC       VALUE   TARGET  OF TARGET  < 30 %, > 80 %          ASKS FOR
rps          22      50      44 %       [######<##.......>...]  -
p95 latency  120 ms  250 ms  48 %       [######<###......>...]  -
cpu          40 %    70 %    57.1 %     [######<####.....>...]  -
memory       31.3 %  75 %    41.7 %     [######<#........>...]  -
connections  12      100     12 %       [##....<.........>...]  -
ready: 3 of 3
allowed: 1 to 10, at most 1 fewer at once
last change: 2 to 3 at 2026-11-23T10:53:20.000Z: cpu 66 % is 94.3 % of its target 70 % and asks for 3
more: when cpu, the nearest, is above 56 %; it is 40 %
fewer: when rps is 15 or less, p95 latency is 75 ms or less, cpu is 21 % or less and memory is 22.5 % or less, for 300 s
`);
  });

  it('shows what keeps it from growing', () => {
    const changes = {
      values: BUSY,
      n: 8,
      lastScaledAt: ago(137),
      policy: { maxScaleOutStep: 4, maxReplicas: 11 },
    };
    expect(explained(changes)).to.equal(`
web has 8 instances: rps 92 is 184 % of its target 50 and asks for 19; in 43 s, when the cooldown is over (Cooldown)
METRIC       VALUE   TARGET  OF TARGET  < 30 %, > 80 %          ASKS FOR
rps          92      50      184 %      [######<#########>###]  19
p95 latency  120 ms  250 ms  48 %       [######<###......>...]  -
cpu          40 %    70 %    57.1 %     [######<####.....>...]  -
memory       31.3 %  75 %    41.7 %     [######<#........>...]  -
connections  12      100     12 %       [##....<.........>...]  -
ready: 8 of 8
allowed: 1 to 11, at most 4 more at once, at most 1 fewer at once
maxScaleOutStep: 12 instead of 19
maxReplicas: 11 instead of 12
cooldown: 8 instead of 11, 43 s left
fewer: when rps is 15 or less, p95 latency is 75 ms or less, cpu is 21 % or less and memory is 22.5 % or less, for 300 s
`);
  });

  it('shows what keeps it from falling', () => {
    const changes = { values: { rps: 1, cpu: 4 }, n: 7, lastScaledAt: ago(137), rollingOut: true };
    expect(explained(changes)).to.equal(`
web has 7 instances: every metric is at 30 % of its target or less and 6 would do: after the rollout (RolloutInProgress)
METRIC       VALUE  TARGET  OF TARGET  < 30 %, > 80 %          ASKS FOR
rps          1      50      2 %        [......<.........>...]  -
p95 latency  0 ms   250 ms  0 %        [......<.........>...]  -
cpu          4 %    70 %    5.71 %     [#.....<.........>...]  -
memory       0 %    75 %    0 %        [......<.........>...]  -
connections  0      100     0 %        [......<.........>...]  -
ready: 7 of 7
allowed: 1 to 10, at most 1 fewer at once
maxScaleInStep: 6 instead of 1
rollout under way: 7 instead of 6
cooldown: 7 instead of 6, 43 s left
more: when cpu, the nearest, is above 56 %; it is 4 %
`);
  });

  it('shows what is not known, or not there to be known', () => {
    const unrouted = { rps: 'inapplicable', latency: 'inapplicable', connection: 'inapplicable' } as const;
    expect(explained({ values: { ...unrouted, cpu: 4, memory: 'stale' } })).to.equal(`
web has 2 instances: memory not measured lately (MissingMetrics)
METRIC       VALUE  TARGET  OF TARGET           < 30 %, > 80 %          ASKS FOR
rps          -      50      nothing to measure                          -
p95 latency  -      250 ms  nothing to measure                          -
cpu          4 %    70 %    5.71 %              [#.....<.........>...]  -
memory       -      75 %    stale                                       -
connections  -      100     nothing to measure                          -
ready: 2 of 2
allowed: 1 to 10, at most 1 fewer at once
metrics missing: 2 instead of 1
more: when cpu, the nearest, is above 56 %; it is 4 %
fewer: when memory is measured again, for 300 s
`);
  });

  it('leaves out a metric without weight', () => {
    const changes = { policy: { weights: { latency: 0, memory: 0, connection: 0, cpu: 0 } } };
    expect(explained(changes))
      .to.match(/\nrps /)
      .and.not.match(/latency|memory|cpu/);
  });

  it('tells in mode manual who set the count', () => {
    const change = { at: ago(60), from: 2, to: 4, message: 'scaled to 4', by: 'cli' };
    const policy = policyOf({ mode: 'manual', replicas: 4 });
    expect(textOf(explain({ ...plain, change }, policy, 4))).to.equal(`
web has 4 instances because its mode is manual
last change: 2 to 4 at 2026-11-23T11:59:00.000Z by cli: scaled to 4
more or fewer: autoserve scale app web N, or mode: auto in its manifest
`);
  });

  it('tells what a person has decided on beside what the manifest says', () => {
    const policy = policyOf({ mode: 'manual', replicas: 3 });
    expect(textOf(explain({ ...plain, byHand: scaledByHand(policy, 5) }, policy, 5))).to.equal(`
web has 5 instances: scaled to 5 by hand; the manifest says 3
more or fewer: autoserve scale app web N, or mode: auto in its manifest
`);
  });

  it('tells that it is stopped, whatever was decided before', () => {
    const input = inputOf({ values: BUSY });
    const last = { input, decision: proportional(input) };
    const stopped = 'its manifest suspends it';
    expect(textOf(explain({ ...plain, last, stopped }, input.policy, 0))).to.equal(`
web has 0 instances: its manifest suspends it
`);
  });

  it('says that nothing was evaluated yet', () => {
    expect(textOf(explain(plain, policyOf(), 1))).to.equal(`
web has 1 instance and was not evaluated yet
allowed: 1 to 5
`);
  });
});
