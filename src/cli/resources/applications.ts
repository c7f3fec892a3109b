import { listApplications, listInstances, type ApplicationRow } from '../../store/read.ts';
import { byHandOf } from '../describe-scaling.ts';
import { age } from '../duration.ts';
import { conditionOf, healthOf, obstacleOf } from '../diagnose.ts';
import type { Resource } from '../resource.ts';
import { revisionText } from '../revision-text.ts';

/** The revisions of instances that are not as the app is, beside the rows, which stay the columns of the database. */
const running = new WeakMap<ApplicationRow, number[]>();

export const applications: Resource<ApplicationRow> = {
  kind: 'app',
  words: ['apps', 'app', 'applications', 'application'],
  byApp: true,
  nameOf: ({ name }) => name,
  async list(connection, name) {
    const rows = await listApplications(connection, name);
    const instances = (await listInstances(connection, name)).filter(({ status }) => status !== 'stopped');
    for (const row of rows)
      running.set(
        row,
        instances
          .filter(({ app_name: app, spec_hash: hash }) => app === row.name && hash !== row.spec_hash)
          .map(({ revision }) => revision),
      );
    return rows;
  },
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'READY', cell: readyOf },
    { title: 'STATUS', cell: (app) => (isObserved(app) ? app.status : 'unknown') },
    { title: 'HEALTH', cell: ({ conditions }) => healthOf(conditions) },
    { title: 'REVISION', cell: (app) => revisionText(app, running.get(app) ?? []) },
    { title: 'SOURCE', cell: sourceOf },
    { title: 'AGE', cell: ({ created_at }, now) => age(created_at, now) },
    { title: 'IMAGE', wide: true, cell: ({ spec }) => spec.spec.image },
    { title: 'GENERATION', wide: true, cell: ({ generation }) => generation },
    { title: 'OBSERVED', wide: true, cell: ({ observed_generation }) => observed_generation },
    { title: 'MESSAGE', cell: messageOf },
  ],
};

/** False while the engine does not answer: what is stored was true some time ago. */
export function isObserved({ conditions }: ApplicationRow): boolean {
  return conditionOf(conditions, 'Ready')?.status !== 'Unknown';
}

export function readyOf(app: ApplicationRow): string {
  return `${isObserved(app) ? app.replicas : '?'}/${app.desired_replicas}`;
}

export function sourceOf({ source_path, source_revision }: ApplicationRow): string | null {
  if (source_path === null || source_revision === null) return source_path;
  return `${source_path}@${source_revision.slice(0, 7)}`;
}

function messageOf(app: ApplicationRow): string | null {
  if (app.deletion_requested_at) return 'is being removed: its manifest is gone';
  return obstacleOf(app.conditions)?.message ?? byHandOf(app);
}
