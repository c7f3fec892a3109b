import { INSTALLATION } from './names.ts';
import { type Simulation } from './simulation.ts';
import { isAsMade } from './invariants.ts';

/** An installation at rest, without what may differ between two ways to the same end: attempts, ids, times, gaps. */
export interface State {
  /** `app/index/specHash state` of every container of ours. */
  containers: string[];
  applications: string[];
  /** Rows of the working set. */
  instances: string[];
  openOperations: string[];
  /** Revisions of which there are instances and nothing is known of the image. */
  unknownImages: string[];
  manifests: string[];
}

export function stateOf({ world, database }: Simulation): State {
  const ours = [...world.containers.values()].filter(({ installation }) => installation === INSTALLATION);
  const ids = new Map(ours.map(({ id, identity }) => [id, identity.name]));
  const rows = database.instances.filter(({ removedAt }) => removedAt === null);
  const rankOf = ranks([
    ...ours.map(({ identity }) => identity),
    ...rows.map(({ appName: app, replicaIndex: index }) => ({ app, index })),
  ]);
  return {
    containers: ours
      .map((container) => {
        const { identity, state } = container;
        const made = isAsMade(container) || state !== 'running' ? '' : ' but drifted';
        const owner = database.applications.get(identity.app)?.uid === identity.appUid ? '' : ' of another';
        return `${identity.app}/${rankOf(identity.app, identity.index)}/${identity.specHash.slice(0, 4)} ${state}${made}${owner}`;
      })
      .toSorted(),
    applications: [...database.applications.values()]
      .map(({ name, status, replicas, desiredReplicas, generation, observedGeneration, conditions }) => {
        const told = conditions.map(
          (condition) => `${condition.type}=${condition.status}:${condition.reason}`,
        );
        const seen = generation === observedGeneration ? '' : ` at ${observedGeneration} of ${generation}`;
        return `${name} ${status} ${replicas}/${desiredReplicas}${seen} ${told.join(' ')}`;
      })
      .toSorted(),
    instances: rows
      .map(({ appName, replicaIndex, specHash, status, containerId, containerName }) => {
        const found =
          containerId !== null && ids.get(containerId) === containerName ? '' : ' of no container';
        return `${appName}/${rankOf(appName, replicaIndex)}/${specHash.slice(0, 4)} ${status}${found}`;
      })
      .toSorted(),
    openOperations: [...database.operations.values()]
      .filter(({ closure }) => closure === null)
      .map(({ record }) => `${record.kind} ${record.target}`),
    unknownImages: database.revisions
      .filter(({ appUid, revision, imageId }) =>
        ours.some(({ identity }) => identity.appUid === appUid && identity.revision === revision && !imageId),
      )
      .map(({ appName, revision }) => `${appName} r${revision}`),
    manifests: [...database.manifests.values()].map(({ path, status }) => `${path} ${status}`).toSorted(),
  };
}

/** Which of an application's indices one is: after a scale in that spared what was ready there may be gaps. */
function ranks(places: readonly { app: string; index: number }[]): (app: string, index: number) => number {
  return (app, index) => {
    const indices = new Set(places.flatMap((place) => (place.app === app ? place.index : [])));
    return [...indices].toSorted((a, b) => a - b).indexOf(index);
  };
}

/**
 * What the folder asks for, as far as it can be told without a controller.
 *
 * @param version of those since the last rest; the last one unless said otherwise
 */
export function desiredContainers({ versions }: Simulation, which = -1): string[] {
  return [...versions]
    .flatMap(([app, known]) => {
      const version = known.at(which);
      if (!version) return [];
      const { specHash, replicas } = version;
      return Array.from(
        { length: replicas },
        (_, index) => `${app}/${index}/${specHash.slice(0, 4)} running`,
      );
    })
    .toSorted();
}
