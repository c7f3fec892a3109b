import { isDeepStrictEqual } from 'node:util';
import type { App } from './app.gen.ts';
import { isMapping } from './canonical.ts';

/** A longer value is not shown. */
const LONGEST = 40;

/** What differs between two manifests, field by field: `image "shop:7" => "shop:8"`, `replicas 2 => 3`, `env.MODE changed`. */
export function manifestChanges(before: App, after: App): string[] {
  return changes('', before, after);
}

/** What differs between two revisions, which are never the same: where no field says so, it is a secret's value. */
export function revisionChanges(before: App, after: App): string[] {
  const found = manifestChanges(before, after);
  return found.length > 0 ? found : ['a secret has a new value'];
}

function changes(path: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isMapping(before) && isMapping(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      changes(path === '' ? name : `${path}.${name}`, before[name], after[name]),
    );
  }
  const [old, present] = [itemsByName(before), itemsByName(after)];
  if (old && present) {
    const names = [...new Set([...old.keys(), ...present.keys()])];
    const changed = names.filter((name) => !isDeepStrictEqual(old.get(name), present.get(name)));
    return changed.map((name) => `${label(path)}.${name} changed`);
  }
  const values = [before, after].map(shown);
  return [values.includes(undefined) ? `${label(path)} changed` : `${label(path)} ${values.join(' => ')}`];
}

/** The items of a list by their names; undefined where they have none. */
function itemsByName(value: unknown): Map<string, unknown> | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: unknown) => [isMapping(item) ? item['name'] : undefined, item] as const);
  const named = items.filter((item): item is readonly [string, unknown] => typeof item[0] === 'string');
  const map = new Map(named);
  return map.size === value.length ? map : undefined;
}

/** A field by the name that is enough to know it. */
function label(path: string): string {
  return path.replace(/^(spec\.resources|spec|scaling|metadata)\./, '');
}

/** A value as it is shown; undefined for one that is too much for a line. */
function shown(value: unknown): string | undefined {
  if (value === undefined) return 'none';
  if (typeof value === 'object') return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length > LONGEST) return undefined;
  return /^[\w.%-]+$/.test(text) ? text : JSON.stringify(text);
}
