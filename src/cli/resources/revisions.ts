import type { ApplicationRow, RevisionRow } from '../../store/read.ts';
import { age } from '../duration.ts';
import type { Resource } from '../resource.ts';
import { keptRevision } from '../revision-text.ts';

/** The revisions of one app; the rows are given, for their states are those of the app. */
export function revisionsOf(app: ApplicationRow, rows: readonly RevisionRow[]): Resource<RevisionRow> {
  return {
    kind: 'revision',
    words: ['revisions', 'revision'],
    byApp: true,
    nameOf: ({ revision }) => `${app.name}/${revision}`,
    list: () => Promise.resolve([...rows]),
    columns: [
      { title: 'REVISION', cell: ({ revision }) => revision },
      { title: 'STATE', cell: (row) => stateOf(app, row) },
      { title: 'IMAGE', cell: ({ spec }) => spec.spec.image },
      { title: 'DIGEST', cell: ({ image_digest: digest }) => shortHash(digest) },
      { title: 'SOURCE', cell: sourceOf },
      { title: 'AGE', cell: ({ created_at: at }, now) => age(at, now) },
      { title: 'HASH', wide: true, cell: ({ spec_hash: hash }) => hash },
      { title: 'IMAGE ID', wide: true, cell: ({ image_id: id }) => shortHash(id) },
    ],
  };
}

/** `current, stable`; `current, pinned`; `held, failed`: held is the manifest's own while another one is kept. */
function stateOf(app: ApplicationRow, { revision, stable, quarantined }: RevisionRow): string {
  const isKept = revision === keptRevision(app);
  const words = [
    isKept && 'current',
    isKept && app.target_reason === 'Pinned' && 'pinned',
    isKept && app.target_reason === 'RolledBack' && 'rolled back to',
    !isKept && revision === app.revision && 'held',
    quarantined && 'failed',
    stable && !quarantined && 'stable',
  ];
  return words.filter((word) => word !== false).join(', ');
}

/** As Docker shortens ids: without the algorithm. */
function shortHash(hash: string | null): string | null {
  return hash?.replace(/^sha256:/, '').slice(0, 12) ?? null;
}

function sourceOf({ source_path: path, source_revision: revision }: RevisionRow): string | null {
  return path === null || revision === null ? path : `${path}@${revision.slice(0, 7)}`;
}
