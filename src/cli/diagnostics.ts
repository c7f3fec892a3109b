import { styleText } from 'node:util';
import { formatDiagnostics, type Diagnostic } from '../manifest/diagnostic.ts';

/** Diagnostics as text, with the severities in colour where `stream` is a terminal. */
export function showDiagnostics(
  diagnostics: readonly Diagnostic[],
  stream: NodeJS.WritableStream = process.stdout,
): string {
  return formatDiagnostics(diagnostics).replaceAll(
    /^(\S.*?:\d+:\d+ {2})(error|warning)(?= {2})/gm,
    (_, place: string, severity: string) =>
      place + styleText(severity === 'error' ? 'red' : 'yellow', severity, { stream }),
  );
}
