import { distance } from 'fastest-levenshtein';
import { appSchema, propertiesOf, resolve, type Schema } from './schema.ts';

export function didYouMean(text: string): string {
  return `did you mean ${JSON.stringify(text)}?`;
}

/**
 * What an unknown field of `object` was meant to be: another field of the same object, or else the path of the
 * only field of that name anywhere (`scaling.replicas` for `replica` in `spec`).
 */
export function suggestField(object: Schema, name: string): { sibling?: string; elsewhere?: string } {
  const siblings = propertiesOf(object).map(([field]) => field);
  const sibling = closest(
    name,
    siblings.map((field) => [field, field]),
    Math.max(1, Math.floor(name.length / 3)),
  );
  if (sibling !== undefined) return { sibling };
  const elsewhere = closest(name, allFields(), 1);
  return elsewhere === undefined ? {} : { elsewhere };
}

/** The word of `words` that `word` was meant to be, if it is near enough. */
export function suggestWord(word: string, words: readonly string[]): string | undefined {
  const candidates = words.map((known) => [known, known] as const);
  return closest(word, candidates, Math.max(1, Math.floor(word.length / 3)));
}

/** The result of the one nearest candidate, at most `limit` edits away; nothing when two are equally near. */
function closest(
  name: string,
  candidates: readonly (readonly [name: string, result: string])[],
  limit: number,
): string | undefined {
  // Far longer than any field: not worth the quadratic comparison.
  if (name.length > 100) return undefined;
  let best: { result: string; edits: number; tied: boolean } | undefined;
  for (const [candidate, result] of candidates) {
    const edits = distance(plain(name), plain(candidate));
    if (edits > limit || (best && edits > best.edits)) continue;
    best = { result, edits, tied: best?.edits === edits };
  }
  return best && !best.tied ? best.result : undefined;
}

/** Spelling without case and separators: `image_pull_policy` is `imagePullPolicy`. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Every field of the schema that is no alias, with its path. */
function allFields(): [name: string, path: string][] {
  const fields: [string, string][] = [];
  const visit = (schema: Schema, path: string): void => {
    for (const [name, property] of propertiesOf(schema)) {
      if (property['x-alias-of'] !== undefined) continue;
      const at = path === '' ? name : `${path}.${name}`;
      fields.push([name, at]);
      visit(property, at);
      if (property.items) visit(resolve(property.items), at);
    }
  };
  visit(appSchema, '');
  return fields;
}
