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
export { getAppMetricsWindow, type WindowStatistics } from './store/metrics.ts';
export { AppRecord } from './store/models/app-record.ts';
export { EventRecord } from './store/models/event-record.ts';
export { InstanceRecord } from './store/models/instance-record.ts';
export { compressOldEvents } from './store/old-events.ts';
export { archiveOldMetrics, cleanupOldMetrics } from './store/old-metrics.ts';
export {
  getAppsSummary,
  getAppWithInstances,
  type AppSummary,
  type AppWithInstances,
} from './store/queries/applications.ts';
export { explainQuery } from './store/queries/explain.ts';
export { getSlowQueries, type SlowQuery } from './store/queries/slow-queries.ts';
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
export { Reader } from './store/replica/reader.ts';
export { Replica, type ReplicaOptions } from './store/replica/replica.ts';
