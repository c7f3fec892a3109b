import { styleText } from 'node:util';
import { alignColumns } from './table.ts';
import type { PlannedChange } from './planned-change.ts';

export const symbols: Record<PlannedChange['kind'], string> = {
  create: '+',
  change: '~',
  replace: '-/+',
  remove: '-',
};

/**
 * A plan as text: the legend, a line for each app that changes, the totals. Pure.
 *
 * @param held apps that would be removed, were it not so many that a mistake is likelier
 */
export function summarizePlan(changes: readonly PlannedChange[], held: readonly string[]): string {
  const lines = alignColumns(
    changes.map(({ kind, app, what, manner }) => [
      // The third blank sets the name off.
      `${symbols[kind].padEnd(3)} app ${app} `,
      what,
      manner === '' ? '' : `(${manner})`,
    ]),
  );
  const count = (kind: PlannedChange['kind']) => changes.filter((change) => change.kind === kind).length;
  const apps = `${held.length} app${held.length === 1 ? '' : 's'} (${held.join(', ')})`;
  return [
    '  + create   ~ change in place   -/+ replace   - remove',
    ...lines,
    `Plan: ${count('create')} to create, ${count('change')} to change, ${count('replace')} to replace, ${count('remove')} to remove.`,
    ...(held.length > 0
      ? [`Held: removing ${apps} is too much to be meant.   autoserve sync --confirm-prune`]
      : []),
  ].join('\n');
}

const colours = { '+': 'green', '~': 'yellow', '-/+': 'magenta', '-': 'red' } as const;

/** The summary with its symbols in colour, where stdout is a terminal. */
export function colourPlan(summary: string): string {
  return summary.replaceAll(/^(\+|~|-\/\+|-)(?= )/gm, (symbol) =>
    styleText(colours[symbol as keyof typeof colours], symbol),
  );
}
