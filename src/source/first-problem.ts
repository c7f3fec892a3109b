import type { ManifestRecord } from '../store/store.ts';

/** What is wrong with a rejected manifest, in one line: `web.yaml:3 unknown field "x" (and 2 more)`. Pure. */
export function firstProblem({
  path,
  errors: [first, ...others],
}: Pick<ManifestRecord, 'path' | 'errors'>): string {
  if (!first) return path;
  const place = first.line === null ? path : `${path}:${first.line}`;
  return `${place} ${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
