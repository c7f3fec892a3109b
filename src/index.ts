/**
 * AutoServe as a library: read manifests as it reads them, and read its database as its command line does.
 *
 *     const database = new Database(await embeddedUrl('/var/lib/autoserve'));
 *     const apps = await listApplications(database);
 *     await database.close();
 */
export type { App } from './manifest/app.gen.ts';
export { formatDiagnostics, hasErrors, type Diagnostic } from './manifest/diagnostic.ts';
export { parseManifest, type Manifest } from './manifest/manifest.ts';
export { AutoServeError } from './error.ts';
export { Database, type Connection } from './store/database.ts';
export { embeddedUrl } from './store/embedded/address.ts';
export {
  listApplications,
  listEvents,
  listInstances,
  listManifests,
  listRevisions,
  type ApplicationRow,
  type EventRow,
  type InstanceRow,
  type ManifestRow,
  type RevisionRow,
} from './store/read.ts';
