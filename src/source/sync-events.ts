import { isDeepStrictEqual } from 'node:util';
import type { AutoServeError } from '../error.ts';
import type { ApplicationDeclaration, ApplicationRecord, ManifestRecord, NewEvent } from '../store/store.ts';

export function registered({ manifest, sourcePath }: ApplicationDeclaration, now: Date): NewEvent {
  const { name } = manifest.metadata;
  return {
    ...ofApplication(name, null, now),
    eventType: 'registration',
    reason: 'ApplicationRegistered',
    message: `app "${name}" is declared by ${sourcePath}`,
    details: { path: sourcePath },
  };
}

export function changed(before: ApplicationRecord, declaration: ApplicationDeclaration, now: Date): NewEvent {
  const { name, uid } = before;
  const { manifest, sourcePath: path } = declaration;
  const fields = changedFields(
    JSON.parse(JSON.stringify(before.manifest)),
    JSON.parse(JSON.stringify(manifest)),
  );
  const what =
    fields.length > 0
      ? `changed: ${fields.join(', ')}`
      : before.specHash === declaration.specHash
        ? 'is as it was'
        : 'has a secret with a new value';
  const returned = before.deletionRequestedAt ? 'declared again before it was removed, ' : '';
  return {
    ...ofApplication(name, uid, now),
    eventType: 'config',
    reason: 'ApplicationChanged',
    message: `app "${name}" ${returned}${what}`,
    details: { path, fields },
  };
}

export function deletionRequested({ name, uid, sourcePath }: ApplicationRecord, now: Date): NewEvent {
  return {
    ...ofApplication(name, uid, now),
    eventType: 'registration',
    reason: 'ApplicationDeletionRequested',
    message: `app "${name}" is to be removed: ${sourcePath ?? 'its manifest'} no longer declares it`,
    details: { path: sourcePath },
  };
}

export function accepted({ path, apps }: ManifestRecord, now: Date): NewEvent {
  return {
    ...ofSource(now),
    reason: 'ManifestAccepted',
    message: `${path} has no errors any more`,
    details: { path, apps },
  };
}

/** @param duplicate whether the file is in error because it declares what another one owns */
export function rejected({ path, errors }: ManifestRecord, duplicate: boolean, now: Date): NewEvent {
  const [first, ...others] = errors;
  const place = typeof first?.line !== 'number' ? path : `${path}:${first.line}:${first.column}`;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return {
    ...ofSource(now),
    reason: duplicate ? 'DuplicateApplication' : 'ManifestRejected',
    message: `${place}: ${first?.message}${more}`,
    details: { path, errors },
    severity: 'error',
  };
}

export function pruneHeld(names: readonly string[], total: number, now: Date): NewEvent {
  return {
    ...ofSource(now),
    reason: 'PruneHeld',
    message:
      `the manifests of ${names.length} of ${total} apps are gone (${names.join(', ')}); too many to be meant: ` +
      'put them back, or confirm the removal with: autoserve sync --confirm-prune',
    details: { apps: names },
    severity: 'warning',
  };
}

/** That the source cannot be read or watched. */
export function sourceFailed({ code, message, remedy }: AutoServeError, now: Date): NewEvent {
  return {
    ...ofSource(now),
    eventType: 'error',
    reason: code,
    message: remedy === undefined ? message : `${message}; ${remedy}`,
    details: null,
    severity: 'error',
  };
}

/** That it can be read again. */
export function sourceReturned(location: string, now: Date): NewEvent {
  return {
    ...ofSource(now),
    reason: 'SourceReturned',
    message: `the manifest source ${location} can be read again`,
    details: null,
  };
}

type Common = Pick<
  NewEvent,
  'eventType' | 'eventCategory' | 'appName' | 'appUid' | 'containerId' | 'severity' | 'timestamp' | 'source'
>;

function ofApplication(appName: string, appUid: string | null, timestamp: Date): Common {
  return { ...ofSource(timestamp), eventCategory: 'application', appName, appUid };
}

function ofSource(timestamp: Date): Common {
  return {
    eventType: 'config',
    eventCategory: 'system',
    appName: null,
    appUid: null,
    containerId: null,
    severity: 'info',
    timestamp,
    source: 'sync',
  };
}

/** Where two manifests differ, two levels deep: `spec.image`. Names of fields alone, for values may be private. */
function changedFields(before: Fields, after: Fields, prefix = ''): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) => {
    const [one, other] = [before[name], after[name]];
    if (isDeepStrictEqual(one, other)) return [];
    return prefix === '' && isFields(one) && isFields(other)
      ? changedFields(one, other, `${name}.`)
      : [prefix + name];
  });
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
