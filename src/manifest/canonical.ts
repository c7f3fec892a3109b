import { childPointer, parentPointer, pointerParts, valueAt } from './pointer.ts';
import { appSchema, propertiesOf, resolve, type Schema } from './schema.ts';

/** A document with every alias moved to the spelling it is stored under (`x-alias-of` in the schema). */
export interface Canonical {
  value: unknown;
  /** Where the value at a pointer of `value` was written in the document. */
  writtenAt(pointer: string): string;
  /** Fields given in two spellings: pointers into the document. */
  clashes: { alias: string; canonical: string }[];
}

/** Moves aliases; what the schema does not know stays as it is, for this runs on invalid documents too. */
export function canonicalise(document: unknown): Canonical {
  const moved = new Map<string, string>();
  const clashes: Canonical['clashes'] = [];
  const fromRoot: { alias: string; canonical: string; value: unknown }[] = [];

  const walk = (schema: Schema, value: unknown, pointer: string): unknown => {
    if (Array.isArray(value)) {
      const { items } = resolve(schema);
      if (!items) return value;
      return value.map((item, index) => walk(items, item, childPointer(pointer, String(index))));
    }
    if (!isMapping(value)) return value;

    const properties = new Map(propertiesOf(schema));
    const result: Record<string, unknown> = {};
    for (const [name, written] of Object.entries(value)) {
      const property = properties.get(name);
      const at = childPointer(pointer, name);
      const inner = property ? walk(property, written, at) : written;
      const alias = property?.['x-alias-of'];
      if (alias === undefined) result[name] = inner;
      else if (alias.startsWith('/')) fromRoot.push({ alias: at, canonical: alias, value: inner });
      else if (Object.hasOwn(value, alias))
        clashes.push({ alias: at, canonical: childPointer(pointer, alias) });
      else {
        moved.set(childPointer(pointer, alias), at);
        result[alias] = inner;
      }
    }
    return result;
  };

  const value = walk(appSchema, document, '');
  for (const { alias, canonical, value: inner } of fromRoot) {
    const parent = valueAt(value, parentPointer(canonical));
    if (!isMapping(parent)) continue;
    const name = pointerParts(canonical).at(-1) ?? '';
    if (Object.hasOwn(parent, name)) clashes.push({ alias, canonical });
    else {
      moved.set(canonical, alias);
      parent[name] = inner;
    }
  }
  return { value, clashes, writtenAt: (pointer) => follow(moved, pointer) };
}

/** Replaces moved prefixes until none is left; aliases may stand inside aliases. */
function follow(moved: ReadonlyMap<string, string>, pointer: string): string {
  for (const [canonical, alias] of moved) {
    if (pointer === canonical || pointer.startsWith(`${canonical}/`)) {
      return follow(moved, alias + pointer.slice(canonical.length));
    }
  }
  return pointer;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
