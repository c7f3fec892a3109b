import type { App } from './app.gen.ts';
import { type Canonical, canonicalise } from './canonical.ts';
import { decode } from './decode.ts';
import { normalise } from './defaults.ts';
import { type Diagnostic, hasErrors, type Place } from './diagnostic.ts';
import { parse, type ParsedDocument } from './parse.ts';
import { SourceText } from './source-text.ts';
import { nameOf, spanOf, validate } from './validate.ts';

/** Most diagnostics of one file; a file with more is not a manifest with mistakes. */
const maxDiagnostics = 100;

export interface Manifest {
  /** The apps the file declares; none when anything in the file is an error. */
  apps: LocatedApp[];
  /** All errors and warnings, in the order of the file. */
  diagnostics: Diagnostic[];
  /** The names of the apps, as far as they can be read, from a file with errors too. */
  declaredNames: string[];
}

export interface LocatedApp {
  app: App;
  /** Line its document begins at. */
  line: number;
  /** Where each of `spec.dependsOn` stands: whether it is right, only all files together tell. */
  dependsOnAt: Place[];
}

/** Reads one manifest file: bytes in, apps or the reasons against them out. Never throws. */
export function parseManifest(bytes: Uint8Array, file: string): Manifest {
  const source = decode(bytes, file);
  if (!(source instanceof SourceText)) return { apps: [], diagnostics: [source], declaredNames: [] };

  const parsed = parse(source);
  const whole = parsed.documents.filter((document) => !document.broken);
  const documents = whole.map((document) => ({ document, canonical: canonicalise(document.value) }));
  // Where the syntax is wrong already, what the value means needs no second opinion.
  const faulty = new Set(parsed.diagnostics.map(placeOf));
  const diagnostics = inOrder([
    ...parsed.diagnostics,
    ...documents
      .flatMap(({ document, canonical }) => validate(document, canonical, source))
      .filter((diagnostic) => !faulty.has(placeOf(diagnostic))),
    ...repeatedNames(whole, source),
    ...(parsed.documents.length === 0 && !hasErrors(parsed.diagnostics) ? [noApp(source)] : []),
  ]);
  const names = parsed.documents.flatMap((document) => nameOf(document.value) ?? []);
  return {
    apps: hasErrors(diagnostics) ? [] : documents.map((document) => declared(document, source)),
    diagnostics,
    declaredNames: [...new Set(names)],
  };
}

function declared(
  { document, canonical }: { document: ParsedDocument; canonical: Canonical },
  source: SourceText,
): LocatedApp {
  const app = normalise(canonical.value);
  return {
    app,
    line: source.lineAt(document.positions.get('')?.value[0] ?? 0),
    dependsOnAt: app.spec.dependsOn.map((_, index) =>
      source.place(spanOf(document, canonical.writtenAt(`/spec/dependsOn/${index}`), 'value')),
    ),
  };
}

function repeatedNames(documents: readonly ParsedDocument[], source: SourceText): Diagnostic[] {
  const lines = new Map<string, number>();
  return documents.flatMap((document) => {
    const name = nameOf(document.value);
    const position = document.positions.get('/metadata/name');
    if (name === undefined || !position) return [];
    const before = lines.get(name);
    if (before === undefined) {
      lines.set(name, source.lineAt(position.value[0]));
      return [];
    }
    const message = `app "${name}" is declared twice in this file: first on line ${before}`;
    return [source.diagnostic('error', position.value, message)];
  });
}

function placeOf({ line, column }: Diagnostic): string {
  return `${line}:${column}`;
}

function noApp(source: SourceText): Diagnostic {
  return source.diagnostic('warning', [0, 1], 'the file declares no app');
}

/** Sorted by place, and cut where they would no longer help; errors are kept before warnings. */
export function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const kept = diagnostics.toSorted((a, b) => a.severity.localeCompare(b.severity)).slice(0, maxDiagnostics);
  const sorted = kept.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const last = sorted.at(-1);
  if (!last || diagnostics.length === kept.length) return sorted;
  return [...sorted, { ...last, message: `and ${diagnostics.length - kept.length} more`, length: 0 }];
}
