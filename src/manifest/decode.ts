import { isUtf8 } from 'node:buffer';
import type { Diagnostic } from './diagnostic.ts';
import { SourceText } from './source-text.ts';

/** Largest manifest file, in bytes. */
export const maxFileBytes = 1024 * 1024;

/** A manifest's bytes as text, without a byte order mark; or the reason why they are none. */
export function decode(bytes: Uint8Array, file: string): SourceText | Diagnostic {
  // What is about to write a file empties it first, perhaps for a while: that does not ask to remove what it declared.
  if (bytes.length === 0) {
    const suggestion = 'remove the file if what it declared is to go';
    return new SourceText(file, '').diagnostic('error', [0, 0], 'the file is empty', { suggestion });
  }
  if (bytes.length > maxFileBytes) {
    const size = `${(Math.ceil((bytes.length / maxFileBytes) * 10) / 10).toFixed(1)} MiB`;
    return new SourceText(file, '').diagnostic(
      'error',
      [0, 0],
      `the file has ${size}; a manifest may have at most 1 MiB`,
    );
  }
  if (!isUtf8(bytes)) return invalidUtf8(bytes, file);

  const source = new SourceText(file, new TextDecoder().decode(bytes));
  const control = /[^\P{Cc}\t\n\r\u0085]/u.exec(source.text);
  if (!control) return source;
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  const span = [control.index, control.index + 1] as const;
  return source.diagnostic('error', span, `control character U+${code} is not allowed in a manifest`);
}

function invalidUtf8(bytes: Uint8Array, file: string): Diagnostic {
  let start = 0;
  let line = 1;
  for (;;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const slice = bytes.subarray(start, end);
    if (!isUtf8(slice)) {
      const sourceLine = new TextDecoder().decode(slice);
      const message = 'the file is not valid UTF-8: save it in that encoding';
      const column = sourceLine.indexOf('\u{fffd}') + 1;
      return { severity: 'error', file, line, column, length: 1, message, sourceLine };
    }
    start = end + 1;
    line += 1;
  }
}
