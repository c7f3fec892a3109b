import { AutoServeError } from '../error.ts';
import { firstProblem } from '../source/first-problem.ts';
import type { Connection } from '../store/database.ts';
import { listApplications, listManifests, type ManifestRow } from '../store/read.ts';
import type { Resource } from './resource.ts';

/** `NotFound` for an app that nothing declares, with what may be the reason. */
export async function missingApp(reader: Connection, name: string): Promise<AutoServeError> {
  const rejected = rejectedManifest(await listManifests(reader));
  const reason = rejected
    ? `; a rejected manifest may be meant to declare it: ${firstProblem(rejected)}`
    : '';
  const remedy = rejected ? 'autoserve validate' : 'autoserve get apps';
  return new AutoServeError('NotFound', `app "${name}" not found${reason}`, { remedy });
}

/** `NotFound` for a name of which a resource has no rows; undefined for an app that is there: that it has none is an answer. */
export async function missingName<Row>(
  reader: Connection,
  { byApp, kind, words }: Resource<Row>,
  name: string,
): Promise<AutoServeError | undefined> {
  if (!byApp)
    return new AutoServeError('NotFound', `${kind} "${name}" not found`, {
      remedy: `autoserve get ${words[0]}`,
    });
  const [app] = await listApplications(reader, name);
  return app ? undefined : await missingApp(reader, name);
}

/** Says on stderr of a name that is not there what `missingName` does, and that it is waited for. */
export async function tellOfWait<Row>(
  reader: Connection,
  resource: Resource<Row>,
  name: string,
): Promise<void> {
  const missing = await missingName(reader, resource, name);
  if (missing) console.error(`${missing.message}; waiting for it`);
}

/** A manifest that may be meant to declare what is missing: it was never accepted, and nobody knows what it declares. Pure. */
export function rejectedManifest(manifests: readonly ManifestRow[]): ManifestRow | undefined {
  return manifests.find(({ status, apps }) => status === 'error' && apps.length === 0);
}
