/** Something wrong, or worth knowing, at one place of a manifest file. Lines and columns count from 1. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  file: string;
  line: number;
  column: number;
  /** How many characters of the line it is about; 0 where there is no line to show. */
  length: number;
  message: string;
  sourceLine: string;
  /** What would be right: `did you mean "replicas"?` */
  suggestion?: string;
  /** A command that tells more. */
  hint?: string;
}

/** Where something stands in a manifest file. */
export type Place = Pick<Diagnostic, 'file' | 'line' | 'column' | 'length' | 'sourceLine'>;

/** Longest piece of a source line that is shown. */
const shownWidth = 100;

/** One diagnostic as text without colour: the place and the message, the source line, carets and suggestion. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, length } = diagnostic;
  const head = `${printable(file)}:${line}:${column}  ${severity}  ${printable(message)}`;
  const advice = [diagnostic.suggestion, diagnostic.hint].filter((part) => part !== undefined).map(printable);
  if (length === 0) return advice.length > 0 ? `${head}\n  ${advice.join('        ')}` : head;

  const number = String(line);
  const from = Math.max(0, Math.min(column - 21, diagnostic.sourceLine.length - shownWidth));
  const shown = printable(diagnostic.sourceLine.slice(from, from + shownWidth));
  const carets = '^'.repeat(Math.max(1, Math.min(length, from + shownWidth - column + 1)));
  const pointer = ' '.repeat(column - 1 - from) + carets;
  return [
    head,
    `  ${number} | ${shown}`,
    `  ${' '.repeat(number.length)} | ${[`${pointer}${advice.length > 0 ? ` ${advice[0]}` : ''}`, ...advice.slice(1)].join('        ')}`,
  ].join('\n');
}

/** All diagnostics as text, one below the other, with the totals last: `1 error, 0 warnings`. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  return [
    ...diagnostics.map(formatDiagnostic),
    `${counted(errors, 'error')}, ${counted(diagnostics.length - errors, 'warning')}`,
  ].join('\n');
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Tabs become one column and control characters visible, so that a file cannot steer the reader's terminal. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\u{fffd}');
}
