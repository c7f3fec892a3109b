import type { ObservedContainer } from '../engine/engine.ts';
import type { OperationClosure, OperationRecord } from '../store/store.ts';

/**
 * Settles the operations that a controller which is no more left open, by what the engine shows: an intent whose
 * effect is there is done, any other is interrupted and left to the planner to intend anew.
 */
export function recoverOperations(
  open: readonly OperationRecord[],
  containers: readonly ObservedContainer[],
): OperationClosure[] {
  const byOperation = new Map(containers.map((container) => [container.identity.operationId, container]));
  const byName = new Map(containers.map((container) => [container.identity.name, container]));
  const byId = new Map(containers.map((container) => [container.id, container]));
  return open.map(({ id, kind, target, containerId }) => {
    const container =
      byOperation.get(id) ?? (containerId === null ? byName.get(target) : byId.get(containerId));
    return {
      id,
      outcome: tookEffect(kind, container) ? 'done' : 'interrupted',
      containerId: container?.id ?? containerId,
      error: null,
    };
  });
}

function tookEffect(kind: OperationRecord['kind'], container: ObservedContainer | undefined): boolean {
  switch (kind) {
    case 'createContainer':
      return container !== undefined;
    case 'startContainer':
      return container !== undefined && container.state !== 'created';
    case 'stopContainer':
      return container?.state !== 'running' && container?.state !== 'paused';
    case 'removeContainer':
      return container === undefined;
    case 'createNetwork':
    case 'resolveImage':
    case 'drainInstance':
    case 'undrainInstance':
    case 'updateContainer':
    case 'recordFailure':
      return false;
  }
}
