import { EngineError, type Resources } from '../engine.ts';
import type { DockerConnection } from './connection.ts';

/** See `Engine.updateContainer`. */
export async function updateContainer(
  connection: DockerConnection,
  id: string,
  wanted: Resources,
): Promise<void> {
  const { HostConfig } = await connection.call(`inspect container ${id}`, (docker) =>
    docker.getContainer(id).inspect(),
  );
  const present = resourcesOf(HostConfig);
  // Docker takes 0 for "leave it", and has no way to say "none".
  for (const [limit, what] of [
    ['nanoCpus', 'CPU'],
    ['memoryBytes', 'memory'],
  ] as const) {
    if (present[limit] > 0 && wanted[limit] === 0) {
      throw new EngineError(
        'EngineRefused',
        `cannot take the ${what} limit off container ${id}: Docker cannot do that in place`,
        { remedy: 'replace the container' },
      );
    }
  }
  const change = {
    ...(wanted.nanoCpus !== present.nanoCpus && { NanoCpus: wanted.nanoCpus }),
    // Equal to Memory means no swap; one cannot be moved past the other alone.
    ...(wanted.memoryBytes !== present.memoryBytes && {
      Memory: wanted.memoryBytes,
      MemorySwap: wanted.memoryBytes,
    }),
  };
  if (Object.keys(change).length === 0) return;
  await connection.call(`update container ${id}`, (docker) => docker.getContainer(id).update(change));
}

/** What Docker shows of a container's limits. */
export function resourcesOf(hostConfig: {
  NanoCpus?: number | undefined;
  Memory?: number | undefined;
}): Resources {
  return { nanoCpus: hostConfig.NanoCpus ?? 0, memoryBytes: hostConfig.Memory ?? 0 };
}
