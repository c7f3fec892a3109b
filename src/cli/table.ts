/** Rows of cells as text lines, columns aligned left and two spaces apart, without trailing blanks. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  widths: readonly number[] = columnWidths(rows),
): string[] {
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The width of each column, at least what `least` says. */
export function columnWidths(rows: readonly (readonly string[])[], least: readonly number[] = []): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, column) =>
    Math.max(least[column] ?? 0, ...rows.map((row) => row[column]?.length ?? 0)),
  );
}

/** Text of others on one line and without control characters, so that it cannot steer the reader's terminal. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\u{fffd}')
    .trim();
}
