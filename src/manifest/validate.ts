import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Canonical, isMapping } from './canonical.ts';
import { checkDocument } from './checks.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { ParsedDocument } from './parse.ts';
import { fieldPath } from './pointer.ts';
import type { Problem } from './problem.ts';
import { problemsOf } from './schema-errors.ts';
import { appSchema } from './schema.ts';
import type { SourceText, Span } from './source-text.ts';

const ajv = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, strictTypes: false });
ajv.addVocabulary(['x-alias-of', 'x-default', 'x-expects']);
const validator = ajv.compile(appSchema);

/** Everything that is wrong with a document, or without effect: schema first, then rules between fields. */
export function validate(document: ParsedDocument, canonical: Canonical, source: SourceText): Diagnostic[] {
  const show = (pointer: string, value: unknown) => shownValue(document, pointer, value, source);
  const invalid = validator(document.value) ? [] : problemsOf(validator.errors ?? [], show);
  const rules = checkDocument(canonical.value).map((problem) => ({
    ...problem,
    pointer: canonical.writtenAt(problem.pointer),
  }));
  // A value of the wrong type or range needs no second opinion.
  const faulty = new Set(invalid.map(({ pointer }) => pointer));
  return [...invalid, ...clashes(canonical), ...rules.filter(({ pointer }) => !faulty.has(pointer))].map(
    (problem) => locate(problem, document, source),
  );
}

function clashes(canonical: Canonical): Problem[] {
  return canonical.clashes.map(({ alias, canonical: stored }) => ({
    severity: 'error',
    pointer: alias,
    on: 'key',
    message: `${fieldPath(alias)} and ${fieldPath(stored)} mean the same: give only one of them`,
  }));
}

function locate(problem: Problem, document: ParsedDocument, source: SourceText): Diagnostic {
  const { severity, pointer, on, message, suggestion, hint } = problem;
  return source.diagnostic(severity, spanOf(document, pointer, on), message, {
    ...(suggestion !== undefined && { suggestion }),
    ...(hint !== undefined && { hint }),
  });
}

/** A list or mapping is shown by its name, for its value covers many lines. */
export function spanOf(document: ParsedDocument, pointer: string, on: Problem['on']): Span {
  const position = document.positions.get(pointer);
  if (!position) return [0, 1];
  const { key, value, scalar } = position;
  return key && (on === 'key' || !scalar || value[0] === value[1]) ? key : value;
}

function shownValue(document: ParsedDocument, pointer: string, value: unknown, source: SourceText): string {
  if (Array.isArray(value)) return 'a list';
  if (isMapping(value)) return 'a mapping of fields';
  const text =
    typeof value === 'string' ? JSON.stringify(value) : writtenText(document, pointer, value, source);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** A number as it was written: 1.10, not 1.1. */
function writtenText(document: ParsedDocument, pointer: string, value: unknown, source: SourceText): string {
  const position = document.positions.get(pointer);
  const text = position ? source.text.slice(...position.value) : '';
  return text === '' || text.startsWith('*') ? String(value) : text;
}

/** The name a document gives its app, if it gives one, whatever else is wrong with it. */
export function nameOf(document: unknown): string | undefined {
  const metadata = isMapping(document) ? document['metadata'] : undefined;
  const name = isMapping(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
