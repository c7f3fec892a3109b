import type { Backtest } from './backtest.ts';
import { figure } from './sentence.ts';

/** Two replays of the same record: the present policy's and another's. This is the JSON of `autoserve backtest`. */
export interface BacktestComparison {
  app: string;
  from: string | null;
  to: string | null;
  present: Backtest;
  proposed: Backtest;
}

/** What the two differ in, as cells to be aligned. */
export function comparisonTable({ present, proposed }: BacktestComparison): string[][] {
  const line = (name: string, pick: (result: Backtest) => number, unit = ''): string[] => {
    const [before, after] = [pick(present), pick(proposed)];
    return [name, `${figure(before)}${unit}`, `${figure(after)}${unit}`, changeOf(before, after)];
  };
  return [
    ['', 'PRESENT', 'PROPOSED', 'CHANGE'],
    line('replica-hours', ({ replicas }) => replicas.hours),
    line('over target', ({ secondsOverTarget }) => secondsOverTarget, ' s'),
    line('changes of the count', ({ decisions }) => decisions.length),
    line('fewest instances', ({ replicas }) => replicas.least),
    line('most instances', ({ replicas }) => replicas.most),
  ];
}

/** When and why a policy would have changed the count, as cells to be aligned. */
export function timelineTable({ timeline, decisions }: Backtest): string[][] {
  const [first] = timeline;
  if (!first) return [['nothing recorded']];
  return [
    ['TIME', 'REPLICAS', 'REASON', 'MESSAGE'],
    [first.at, String(first.replicas), '-', 'at first'],
    ...decisions.map(({ at, from, to, reason, message }) => [at, `${from} to ${to}`, reason, message]),
  ];
}

function changeOf(before: number, after: number): string {
  if (before === after) return '-';
  const sign = after > before ? '+' : '';
  return before === 0 ? `${sign}${figure(after)}` : `${sign}${figure(((after - before) / before) * 100)} %`;
}
