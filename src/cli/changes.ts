import { isDeepStrictEqual } from 'node:util';
import type { App } from '../manifest/app.gen.ts';
import { isMapping } from '../manifest/canonical.ts';

/** Differences shown one by one; of more, the rest is counted. */
const most = 3;
const longest = 40;

/** What differs between two manifests, for one line: `image "shop:7" => "shop:8", replicas 2 => 3`. */
export function manifestDiff(before: App, after: App): string {
  const differences = diff('', before, after);
  const rest = differences.length - most;
  return [...differences.slice(0, most), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}

function diff(path: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isMapping(before) && isMapping(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      diff(path === '' ? name : `${path}.${name}`, before[name], after[name]),
    );
  }
  const values = [before, after].map(shown);
  return [values.includes(undefined) ? `${label(path)} changed` : `${label(path)} ${values.join(' => ')}`];
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
  if (text.length > longest) return undefined;
  return /^[\w.%-]+$/.test(text) ? text : JSON.stringify(text);
}
