import { randomUUID } from 'node:crypto';
import type { App } from '../../src/manifest/app.gen.ts';
import type {
  ApplicationDeclaration,
  ApplicationRecord,
  ApplicationStatus,
  InstanceStatus,
  ManifestRecord,
  NewEvent,
  NewOperation,
  SyncChanges,
} from '../../src/store/store.ts';
import { appOf } from '../manifest/app.ts';

export const NOW = new Date('2026-01-01T12:00:00Z');

export function manifest(name: string, root: Record<string, unknown> = {}): App {
  const app = appOf({ image: 'demo-web:1', ports: [{ containerPort: 8080 }] }, root);
  return { ...app, metadata: { ...app.metadata, name } };
}

export function declaration(
  name: string,
  some: Partial<ApplicationDeclaration> & { root?: Record<string, unknown> } = {},
): ApplicationDeclaration {
  const { root, ...rest } = some;
  return {
    manifest: manifest(name, root),
    specHash: 'hash-1',
    sourcePath: `${name}.yaml`,
    sourceRevision: null,
    ...rest,
  };
}

export function applicationRecord(
  name: string,
  some: Partial<ApplicationRecord> & { root?: Record<string, unknown> } = {},
): ApplicationRecord {
  const { root, ...rest } = some;
  return {
    name,
    uid: `uid-${name}`,
    manifest: manifest(name, root),
    generation: 1,
    observedGeneration: 1,
    revision: 1,
    specHash: 'hash-1',
    status: 'running',
    replicas: 0,
    desiredReplicas: 1,
    scaledReplicas: null,
    lastScaledAt: null,
    conditions: [],
    sourcePath: `${name}.yaml`,
    sourceRevision: null,
    deletionRequestedAt: null,
    target: null,
    rollout: null,
    rolloutPaused: false,
    retries: 0,
    stableRevision: null,
    createdAt: NOW,
    updatedAt: NOW,
    ...rest,
  };
}

export function changes(some: Partial<SyncChanges>): SyncChanges {
  return { applications: [], deletions: [], manifests: [], removedManifests: [], events: [], ...some };
}

/** What asks for the removal of an application. */
export function deletion(name: string): SyncChanges {
  return changes({ deletions: [{ name, requestedAt: NOW }] });
}

export function instance(appName: string, some: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    appName,
    containerName: `${appName}-0-r1-1`,
    containerId: null,
    replicaIndex: 0,
    revision: 1,
    attempt: 1,
    restarts: 0,
    specHash: 'hash-1',
    imageId: null,
    ip: null,
    port: 8080,
    status: 'starting',
    drainingSince: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    removedAt: null,
    ...some,
  };
}

export function statusOf(app: ApplicationRecord, some: Partial<ApplicationStatus> = {}): ApplicationStatus {
  const { name, uid, observedGeneration, status, replicas, desiredReplicas, conditions, rollout, retries } =
    app;
  return {
    name,
    uid,
    observedGeneration,
    status,
    replicas,
    desiredReplicas,
    conditions,
    rollout,
    retries,
    ...some,
  };
}

export function operation(appName: string, some: Partial<NewOperation> = {}): NewOperation {
  return {
    id: randomUUID(),
    appName,
    appUid: randomUUID(),
    kind: 'createContainer',
    target: `${appName}-0-r1-1`,
    containerId: null,
    cause: 'index 0 is empty',
    ...some,
  };
}

export function event(reason: string, some: Partial<NewEvent> = {}): NewEvent {
  return {
    eventType: 'deployment',
    eventCategory: 'application',
    reason,
    appName: 'web',
    appUid: null,
    containerId: null,
    message: 'something happened',
    details: null,
    severity: 'info',
    timestamp: NOW,
    source: 'controller',
    ...some,
  };
}

export function manifestRecord(path: string, some: Partial<ManifestRecord> = {}): ManifestRecord {
  return { path, contentHash: 'abc', status: 'accepted', apps: ['web'], errors: [], warnings: [], ...some };
}
