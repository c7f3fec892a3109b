import { httpPortOf } from '../../manifest/http-port.ts';
import type { PlannedContainer } from '../../plan/action.ts';
import type { InstanceStatus, InstanceWord } from '../../store/store.ts';
import type { Desired } from './desired.ts';
import { isBusy, isLive, type Instance, type Phase } from './instance.ts';
import { sortInstances } from './slots.ts';

const WORDS: Record<Phase, InstanceWord> = {
  pending: 'starting',
  created: 'starting',
  running: 'running',
  // Its replacement is live in its place before it is stopped.
  unhealthy: 'error',
  drifted: 'error',
  completed: 'stopped',
  crashed: 'error',
  lost: 'error',
  refused: 'error',
};

/**
 * The rows of an application's instances. A row without a container is kept while its slot may still need it, for its
 * attempt and its crashes; otherwise it becomes history.
 */
export function instanceStatuses(
  { specHash, replicas, manifest }: Desired,
  instances: readonly Instance[],
  now: Date,
): InstanceStatus[] {
  const { slots } = sortInstances(specHash, replicas, instances, now);
  const needed = new Set(slots.flatMap(({ keeper, ended }) => keeper ?? ended[0] ?? []));
  const holders = new Map<string, Instance>();
  for (const instance of [...needed, ...instances])
    if (isLive(instance) && !holders.has(placeOf(instance))) holders.set(placeOf(instance), instance);
  const port = httpPortOf(manifest) ?? manifest.spec.ports[0]?.containerPort ?? null;
  return instances.map((instance): InstanceStatus => {
    const { identity, container, record, phase } = instance;
    const gone = !container && !needed.has(instance) && !isBusy(instance);
    const displaced = isLive(instance) && holders.get(placeOf(instance)) !== instance;
    const status = gone ? 'stopped' : displaced ? 'error' : wordOf(instance);
    return {
      appName: identity.app,
      containerName: identity.name,
      containerId: container?.id ?? record?.containerId ?? null,
      replicaIndex: identity.index,
      revision: identity.revision,
      attempt: identity.attempt,
      restarts: identity.restarts,
      specHash: identity.specHash,
      imageId: container?.imageId ?? record?.imageId ?? null,
      ip: container ? container.ip : (record?.ip ?? null),
      port: record && identity.specHash !== specHash ? record.port : port,
      status,
      drainingSince: instance.drainingSince,
      startedAt: container?.startedAt ?? record?.startedAt ?? null,
      finishedAt: container?.finishedAt ?? record?.finishedAt ?? (gone || phase === 'lost' ? now : null),
      exitCode: container?.exitCode ?? record?.exitCode ?? null,
      oomKilled: container?.oomKilled ?? record?.oomKilled ?? false,
      removedAt: gone ? now : null,
    };
  });
}

/** What only one live instance can have. */
function placeOf({ identity: { index, revision } }: Instance): string {
  return `${index} of ${revision}`;
}

function wordOf({ phase, drainingSince }: Instance): InstanceWord {
  return phase === 'running' && drainingSince ? 'draining' : WORDS[phase];
}

/** The row of an instance that is about to be created. */
export function intendedInstance({ identity, ports }: PlannedContainer): InstanceStatus {
  return {
    appName: identity.app,
    containerName: identity.name,
    containerId: null,
    replicaIndex: identity.index,
    revision: identity.revision,
    attempt: identity.attempt,
    restarts: identity.restarts,
    specHash: identity.specHash,
    imageId: null,
    ip: null,
    port: ports[0]?.containerPort ?? null,
    status: 'starting',
    drainingSince: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    removedAt: null,
  };
}

/** The row of an instance whose container was removed by us. */
export function removedInstance(row: InstanceStatus, now: Date): InstanceStatus {
  return { ...row, status: 'stopped', finishedAt: row.finishedAt ?? now, removedAt: now };
}
