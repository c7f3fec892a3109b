import { expect } from 'chai';
import { alignColumns } from '../../../src/cli/table.ts';
import { comparisonTable, timelineTable } from '../../../src/controllers/scaling/backtest-report.ts';
import { backtest, type Backtest, type RecordedLoad } from '../../../src/controllers/scaling/backtest.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import { NOW, policyOf } from './inputs.ts';

const STEP_SECONDS = 15;

/** So much arrived, one record every 15 s. */
function recorded(
  minutes: number,
  rps: (minute: number) => number,
  some: Partial<RecordedLoad> = {},
): RecordedLoad[] {
  return Array.from({ length: (minutes * 60) / STEP_SECONDS + 1 }, (_, index) => ({
    at: new Date(NOW.getTime() + index * STEP_SECONDS * 1_000),
    rps: rps((index * STEP_SECONDS) / 60),
    cpu: 20,
    connections: 4,
    memory: 10,
    latencyP95Ms: 40,
    ...some,
  }));
}

function replay(
  policy: Parameters<typeof policyOf>[0],
  loads: readonly RecordedLoad[],
  replicas = 1,
): Backtest {
  return backtest(proportional, policyOf(policy), loads, replicas);
}

const QUICK = { cooldownSeconds: 60, stabilizationWindowSeconds: 120, windowSeconds: 30 };
/** A busy hour between two quiet ones. */
const day = recorded(180, (minute) => (minute >= 60 && minute < 120 ? 160 : 10));

describe('a backtest', () => {
  it('scales out with the load and in after it', () => {
    const { timeline, replicas } = replay(QUICK, day);
    expect(timeline.map((entry) => entry.replicas)).to.deep.equal([1, 3, 4, 3, 2, 1]);
    expect(replicas).to.include({ least: 1, most: 4 });
  });

  it('counts the hours of all instances', () => {
    const flat = recorded(60, () => 30);
    expect(replay(QUICK, flat).replicas.hours).to.equal(1);
    expect(replay({ ...QUICK, minReplicas: 3 }, flat, 3).replicas.hours).to.equal(3);
    expect(replay(QUICK, flat).seconds).to.equal(3_600);
  });

  it('counts the time over a target, which more instances shorten', () => {
    const present = replay({ ...QUICK, maxReplicas: 2 }, day);
    const proposed = replay({ ...QUICK, maxReplicas: 5 }, day);
    expect(present.secondsOverTarget).to.equal(3_600);
    expect(proposed.secondsOverTarget).to.be.within(15, 120);
  });

  it('spreads cpu and connections over the count, and leaves memory and latency as they were', () => {
    const of = (some: Partial<RecordedLoad>): number =>
      replay(
        QUICK,
        recorded(60, () => 10, some),
      ).replicas.most;
    expect(of({ cpu: 200 })).to.equal(4);
    expect(of({ connections: 200 })).to.equal(3);
    expect(of({ memory: 74 })).to.equal(5);
    expect(of({ latencyP95Ms: 2_000 })).to.equal(1);
  });

  it('stays where nothing was recorded, and does not count that time', () => {
    const [before, after] = [recorded(10, () => 100), recorded(10, () => 100)];
    const later = after.map((load) => ({ ...load, at: new Date(load.at.getTime() + 7_200_000) }));
    const { seconds, timeline } = replay(QUICK, [...before, ...later]);
    expect(seconds).to.equal(1_200);
    expect(timeline.at(-1)?.replicas).to.equal(3);
  });

  it('replays an application that no requests are routed to', () => {
    const worker = recorded(60, () => 0, { rps: null, connections: null, latencyP95Ms: null, cpu: 200 });
    expect(replay(QUICK, worker).timeline.at(-1)?.replicas).to.equal(4);
  });

  it('sleeps and wakes', () => {
    const once = recorded(60, (minute) => (minute >= 30 && minute < 31 ? 5 : 0), { connections: 0 });
    const { timeline } = replay({ ...QUICK, minReplicas: 0 }, once);
    expect(timeline.map(({ replicas }) => replicas)).to.deep.equal([1, 0, 1, 0]);
  });

  it('shows the count of mode manual', () => {
    expect(replay({ mode: 'manual', replicas: 4, ...QUICK }, day).replicas).to.include({ most: 4 });
  });

  it('is empty without records', () => {
    const nothing = replay(QUICK, [], 2);
    expect(nothing).to.deep.include({ timeline: [], decisions: [], seconds: 0, secondsOverTarget: 0 });
    expect(timelineTable(nothing)).to.deep.equal([['nothing recorded']]);
  });

  it('is JSON and the same each time', () => {
    const result = replay(QUICK, day);
    expect(JSON.parse(JSON.stringify(result))).to.deep.equal(result);
    expect(replay(QUICK, day)).to.deep.equal(result);
  });

  it('prints beside the present policy', () => {
    const present = replay({ ...QUICK, maxReplicas: 2 }, day);
    const proposed = replay({ ...QUICK, maxReplicas: 5 }, day);
    const comparison = { app: 'web', from: null, to: null, present, proposed };
    expect(`\n${alignColumns(comparisonTable(comparison)).join('\n')}\n`).to.equal(`
                      PRESENT  PROPOSED  CHANGE
replica-hours         4.04     6.15      +52.2 %
over target           3600 s   75 s      -97.9 %
changes of the count  2        5         +150 %
fewest instances      1        1         -
most instances        2        4         +100 %
`);
    expect(`\n${alignColumns(timelineTable(proposed)).join('\n')}\n`).to.equal(`
TIME                      REPLICAS  REASON             MESSAGE
2026-11-23T12:00:00.000Z  1         -                  at first
2026-11-23T13:00:00.000Z  1 to 3    RPSAboveThreshold  rps 85 is 170 % of its target 50 and asks for 3
2026-11-23T13:01:00.000Z  3 to 4    RPSAboveThreshold  rps 53.3 is 107 % of its target 50 and asks for 4
2026-11-23T14:02:15.000Z  4 to 3    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 3 will do
2026-11-23T14:03:15.000Z  3 to 2    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 2 will do
2026-11-23T14:04:15.000Z  2 to 1    LoadLow            every metric is at 30 % of its target or less, for 120 s now, and 1 will do
`);
  });
});
