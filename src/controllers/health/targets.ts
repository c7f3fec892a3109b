import type { View } from '../../control/observer.ts';
import type { ObservedContainer } from '../../engine/engine.ts';
import type { HealthCheck } from '../../manifest/app.gen.ts';
import type { InstanceHealth } from '../../store/instance-health.ts';
import type { ApplicationRecord, InstanceRecord } from '../../store/store.ts';
import type { ProbeTarget } from './prober.ts';

/**
 * The instances of one application that are to be probed: all that run where they can be reached and have a check.
 *
 * @param checkOf by what a container is being probed now; null when it is not
 * @param ranUnchecked whether a container was running without a check when it was last looked at
 */
export function targetsOf(
  { name, application, records, containers, operations }: View,
  checkOf: (containerId: string) => HealthCheck | null,
  ranUnchecked: (container: ObservedContainer) => boolean,
): ProbeTarget[] {
  if (!application) return [];
  const rows = new Map(records.map((record) => [record.containerId, record]));
  const leaving = new Set(operations.filter(({ kind }) => ENDS.has(kind)).map((each) => each.containerId));
  return containers.flatMap((container): ProbeTarget[] => {
    const { id, identity, state, ip, startedAt } = container;
    if (state !== 'running' || ip === null || startedAt === null) return [];
    const record = rows.get(id) ?? null;
    const check = declaredCheck(application, identity.specHash, () => checkOf(id) ?? record?.healthCheck);
    if (!check) return [];
    return [
      {
        containerId: id,
        containerName: identity.name,
        app: name,
        appUid: application.uid,
        ip,
        startedAt,
        check,
        leaving: leaving.has(id),
        ranUnchecked: ranUnchecked(container),
        record,
      },
    ];
  });
}

const ENDS = new Set(['stopContainer', 'removeContainer']);

/**
 * The present check of a spec, for a check changes without a new container. An instance of a spec that is neither wanted
 * nor declared keeps the check it had: the new one may ask for what only the new spec serves.
 */
function declaredCheck(
  { specHash, manifest, target }: ApplicationRecord,
  ofInstance: string,
  former: () => HealthCheck | null | undefined,
): HealthCheck | null {
  if (ofInstance === specHash) return manifest.healthCheck ?? null;
  if (ofInstance === target?.specHash) return target.manifest.healthCheck ?? null;
  return former() ?? null;
}

/** What the rows of instances that nothing probes any more are to say: `unknown`, with the last probes as history. */
export function uncheckedRows(
  records: readonly InstanceRecord[],
  isFollowed: (containerId: string) => boolean,
): InstanceHealth[] {
  return records.flatMap(({ containerId, ...record }): InstanceHealth[] => {
    if (containerId === null || record.healthStatus === 'unknown' || isFollowed(containerId)) return [];
    const { failureCount, lastHealthCheck, lastFailureAt, lastProbes } = record;
    return [
      {
        containerId,
        healthStatus: 'unknown',
        healthSince: null,
        failureCount,
        consecutiveFailures: 0,
        lastHealthCheck,
        lastFailureAt,
        lastProbes,
        healthCheck: null,
      },
    ];
  });
}
