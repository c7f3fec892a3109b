import { listManifests, type ManifestRow } from '../../store/read.ts';
import { age } from '../duration.ts';
import type { Resource } from '../resource.ts';

export const manifests: Resource<ManifestRow> = {
  kind: 'manifest',
  words: ['manifests', 'manifest'],
  byApp: false,
  nameOf: ({ path }) => path,
  list: async (connection, name) => {
    const rows = await listManifests(connection);
    return name === undefined ? rows : rows.filter(({ path }) => path === name);
  },
  columns: [
    { title: 'PATH', cell: ({ path }) => path },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'APPS', cell: ({ apps }) => apps.join(', ') },
    { title: 'CHANGED', cell: ({ updated_at }, now) => `${age(updated_at, now)} ago` },
    { title: 'HASH', wide: true, cell: ({ content_hash }) => content_hash.slice(0, 12) },
    { title: 'MESSAGE', cell: messageOf },
  ],
};

function messageOf({ errors, warnings }: ManifestRow): string | null {
  const [first, ...others] = errors.length > 0 ? errors : warnings;
  if (!first) return null;
  const place = first.line === null ? '' : `${first.line}:${first.column ?? 1} `;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${place}${first.message}${more}`;
}
