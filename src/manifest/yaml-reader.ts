import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Diagnostic } from './diagnostic.ts';
import { childPointer } from './pointer.ts';
import type { SourceText, Span } from './source-text.ts';

/** Deepest nesting of lists and mappings. */
export const maxDepth = 64;
/** Most aliases in a file, those inside what an alias repeats included. */
const maxAliases = 100;
/** Most values in a file; no manifest comes near, and it bounds the work a small hostile file can cause. */
const maxValues = 100_000;

/** What could harm a JavaScript object that is built from a manifest. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

export interface Position {
  /** The key, for a member of a mapping. */
  key?: Span;
  value: Span;
  /** The value is text, a number and the like, so it can be shown; not a list or mapping. */
  scalar: boolean;
}

interface Reading {
  value: unknown;
  /** By JSON pointer; the root is ''. */
  positions: Map<string, Position>;
  problems: Diagnostic[];
  /** A limit was passed: the rest was left out of `value`. */
  incomplete: boolean;
}

/** Turns the syntax trees of one file into plain data within the limits, remembering where everything stood. */
export class YamlReader {
  readonly #source: SourceText;
  #aliases = 0;
  #values = 0;
  #anchors = new Map<string, Node>();
  #reading = emptyReading();

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** The data of one document; the limits count over all documents of the file. */
  read(contents: Node | null): Reading {
    this.#anchors = new Map();
    this.#reading = emptyReading();
    this.#reading.value = contents === null ? null : this.#value(contents, '', 0);
    return this.#reading;
  }

  #value(node: Node, pointer: string, depth: number, key?: Span): unknown {
    const value = spanOf(node);
    this.#values += 1;
    if (this.#values > maxValues) return this.#limit(value, `more than ${maxValues} values in one file`);
    if (depth > maxDepth) return this.#limit(value, `nested deeper than ${maxDepth} levels`);

    this.#reading.positions.set(pointer, { ...(key && { key }), value, scalar: isScalar(node) });
    if (isAlias(node)) return this.#repeated(node.source, value, pointer, depth, key);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#mapping(node.items, pointer, depth + 1);
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        this.#value(item as Node, childPointer(pointer, String(index)), depth + 1),
      );
    }
    return isScalar(node) ? this.#scalar(node.value, value) : null;
  }

  #repeated(anchor: string, at: Span, pointer: string, depth: number, key?: Span): unknown {
    this.#aliases += 1;
    if (this.#aliases > maxAliases) return this.#limit(at, `more than ${maxAliases} aliases in one file`);
    const target = this.#anchors.get(anchor);
    if (!target) return this.#problem(at, `alias *${anchor} has no anchor &${anchor} before it`);
    const repeated = this.#value(target, pointer, depth);
    this.#reading.positions.set(pointer, { ...(key && { key }), value: at, scalar: isScalar(target) });
    return repeated;
  }

  #mapping(items: Pair[], pointer: string, depth: number): Record<string, unknown> {
    const mapping: Record<string, unknown> = {};
    for (const { key: keyNode, value: valueNode } of items as Pair<Node | null, Node | null>[]) {
      if (!keyNode) continue;
      const key = spanOf(keyNode);
      const name = this.#keyName(keyNode, key);
      if (name === undefined) continue;
      if (Object.hasOwn(mapping, name)) {
        this.#problem(key, `field "${name}" is given twice`);
        continue;
      }
      const child = childPointer(pointer, name);
      if (valueNode) mapping[name] = this.#value(valueNode, child, depth, key);
      else {
        this.#reading.positions.set(child, { key, value: key, scalar: false });
        mapping[name] = null;
      }
    }
    return mapping;
  }

  /** A key as the text it stands for; nothing, and a problem, when it cannot be one. */
  #keyName(node: Node, at: Span): string | undefined {
    if (!isScalar(node) || node.value === null) {
      return this.#problem(at, 'the name of a field must be text') ?? undefined;
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const name = String(this.#scalar(node.value, at));
    if (forbiddenKeys.has(name)) return this.#problem(at, `field name "${name}" is not allowed`) ?? undefined;
    if (name === '<<') {
      return this.#problem(at, 'merge keys (<<) are not part of YAML 1.2: write the fields out') ?? undefined;
    }
    return name;
  }

  /** PostgreSQL stores neither NUL nor half a surrogate pair; both can be written as escapes. */
  #scalar(value: unknown, at: Span): unknown {
    if (typeof value !== 'string' || !/[\0\p{Cs}]/u.test(value)) return value;
    this.#problem(at, 'text with a NUL character or half a surrogate pair is not allowed');
    return value;
  }

  #limit(at: Span, message: string): null {
    if (this.#reading.incomplete) return null;
    this.#reading.incomplete = true;
    return this.#problem(at, message);
  }

  #problem(at: Span, message: string): null {
    this.#reading.problems.push(this.#source.diagnostic('error', at, message));
    return null;
  }
}

function emptyReading(): Reading {
  return { value: null, positions: new Map(), problems: [], incomplete: false };
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}
