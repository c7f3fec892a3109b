import { AutoServeError } from '../error.ts';
import { firstProblem } from '../source/first-problem.ts';
import type { Connection } from '../store/database.ts';
import { listManifests, type ManifestRow } from '../store/read.ts';

/** `NotFound` for an app that nothing declares, with what may be the reason. */
export async function missingApp(reader: Connection, name: string): Promise<AutoServeError> {
  const rejected = rejectedManifest(await listManifests(reader));
  const reason = rejected
    ? `; a rejected manifest may be meant to declare it: ${firstProblem(rejected)}`
    : '';
  const remedy = rejected ? 'autoserve validate' : 'autoserve get apps';
  return new AutoServeError('NotFound', `app "${name}" not found${reason}`, { remedy });
}

/** A manifest that may be meant to declare what is missing: it was never accepted, and nobody knows what it declares. Pure. */
export function rejectedManifest(manifests: readonly ManifestRow[]): ManifestRow | undefined {
  return manifests.find(({ status, apps }) => status === 'error' && apps.length === 0);
}
