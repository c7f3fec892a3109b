/** One line of the report: a figure beside its yardstick, both measured in the same run. */
export interface Row {
  work: string;
  yardstick: string;
  measured: string;
  bound: string;
  met: boolean;
}

export function printRows(rows: readonly Row[]): void {
  const header = ['work', 'yardstick', 'measured', 'must reach', 'met'];
  const cells = rows.map(({ work, yardstick, measured, bound, met }) => [
    work,
    yardstick,
    measured,
    bound,
    met ? 'yes' : 'NO',
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  console.log(
    [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n'),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
