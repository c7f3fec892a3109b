import { Composer, type Document, Lexer, Parser, type YAMLError } from 'yaml';
import type { Diagnostic } from './diagnostic.ts';
import type { SourceText, Span } from './source-text.ts';
import { maxDepth, type Position, YamlReader } from './yaml-reader.ts';

/** One YAML document as plain data, and where each part of it stands. */
export interface ParsedDocument {
  value: unknown;
  /** By JSON pointer; the root is ''. */
  positions: ReadonlyMap<string, Position>;
  /** Its syntax is wrong or it passes a limit: `value` lacks parts, so that judging it would mislead. */
  broken: boolean;
}

/**
 * Reads YAML 1.2 (core schema) or JSON, several documents in a file, empty ones left out. Never throws: what is
 * wrong is in `diagnostics`, and the documents are read as far as possible.
 */
export function parse(source: SourceText): { documents: ParsedDocument[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const tokens = tokenize(source, diagnostics);
  if (!tokens) return { documents: [], diagnostics };

  // The library compares every pair of keys, which takes minutes for a hostile file; the reader uses a set.
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false, prettyErrors: false });
  const reader = new YamlReader(source);
  const documents: ParsedDocument[] = [];
  for (const document of composer.compose(tokens, false, source.text.length)) {
    const errors = syntaxErrors(document, source);
    const { value, positions, problems, incomplete } = reader.read(document.contents);
    diagnostics.push(...errors, ...problems);
    const broken = incomplete || errors.length > 0;
    if (value !== null || broken) documents.push({ value, positions, broken });
  }
  return { documents, diagnostics };
}

/** The tokens, or nothing when they nest too deeply: the composer recurses and would overflow the stack. */
function tokenize(source: SourceText, diagnostics: Diagnostic[]) {
  const parser = new Parser();
  const tokens = [];
  for (const lexeme of new Lexer().lex(source.text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > maxDepth && depthOf(parser) > maxDepth) {
      const span = [parser.offset - 1, parser.offset] as const;
      diagnostics.push(source.diagnostic('error', span, `nested deeper than ${maxDepth} levels`));
      return undefined;
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

function depthOf(parser: Parser): number {
  return parser.stack.filter(({ type }) => /^(block-map|block-seq|flow-collection)$/.test(type)).length;
}

function syntaxErrors(document: Document.Parsed, source: SourceText): Diagnostic[] {
  const { yaml } = document.directives;
  const version: Diagnostic[] =
    yaml.version === '1.2'
      ? []
      : [
          source.diagnostic(
            'error',
            firstLine(source),
            `YAML ${yaml.version} is not supported: use YAML 1.2`,
          ),
        ];

  // One mistake makes the library complain several times about what follows on the line.
  const seen = new Set<number>();
  const errors = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  const syntax = errors.flatMap((error) => {
    const line = source.lineAt(error.pos[0]);
    if (seen.has(line)) return [];
    seen.add(line);
    return [source.diagnostic('error', error.pos, syntaxMessage(error))];
  });
  return [...version, ...syntax];
}

function firstLine(source: SourceText): Span {
  return [0, Math.max(1, source.text.indexOf('\n'))];
}

/** Clearer words than the library's, by its codes. */
const syntaxMessages: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'a tab is used for indentation; YAML allows only spaces',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping begins in the middle of a line; put text that contains ": " in quotes',
  MULTILINE_IMPLICIT_KEY: 'expected "key: value" or "- item"',
};

function syntaxMessage({ code, message }: YAMLError): string {
  if (/^Missing closing .quote/.test(message)) return 'the quote is not closed';
  if (code === 'BAD_INDENT' && /end with a/.test(message)) return 'the bracket is not closed';
  return syntaxMessages[code] ?? lowerFirst(message);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
