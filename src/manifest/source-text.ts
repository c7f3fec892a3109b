import { LineCounter } from 'yaml';
import type { Diagnostic, Place } from './diagnostic.ts';

/** Offsets into the text, end exclusive. */
export type Span = readonly [start: number, end: number];

/** Longest message; a field's name may be as long as the file. */
const maxMessageLength = 400;

/** The text of one manifest file, which turns offsets into lines, columns and diagnostics. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #lines = new LineCounter();
  readonly #end: number;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#end = text.trimEnd().length;
    this.#lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) this.#lines.addNewLine(index + 1);
  }

  lineAt(offset: number): number {
    return this.#lines.linePos(offset).line;
  }

  diagnostic(
    severity: Diagnostic['severity'],
    span: Span,
    message: string,
    advice: Pick<Diagnostic, 'suggestion' | 'hint'> = {},
  ): Diagnostic {
    return {
      severity,
      ...this.place(span),
      message: message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message,
      ...advice,
    };
  }

  place(span: Span): Place {
    // What is missing at the end of the file is shown at the end of its last line that has anything on it.
    const start = Math.min(span[0], this.#end);
    const { line, col } = this.#lines.linePos(start);
    const lineStart = start - (col - 1);
    const sourceLine = this.text.slice(lineStart, this.#endOfLine(lineStart));
    const rest = Math.max(1, sourceLine.trimEnd().length - (col - 1));
    return {
      file: this.file,
      line,
      column: col,
      length: sourceLine === '' ? 0 : Math.max(1, Math.min(span[1] - start, rest)),
      sourceLine,
    };
  }

  #endOfLine(from: number): number {
    const end = this.text.indexOf('\n', from);
    if (end === -1) return this.text.length;
    return this.text[end - 1] === '\r' ? end - 1 : end;
  }
}
