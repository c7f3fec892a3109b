import { EngineError, volumeName, type ObservedVolume } from '../engine.ts';
import { INSTALLATION_LABEL, appOf } from '../labels.ts';
import type { DockerConnection } from './connection.ts';
import { statusOf } from './errors.ts';

/** See `Engine.listVolumes`. */
export async function listVolumes(
  connection: DockerConnection,
  installation: string,
): Promise<ObservedVolume[]> {
  const filters = { label: [`${INSTALLATION_LABEL}=${installation}`] };
  const [{ Volumes }, containers] = await Promise.all([
    connection.call('list volumes', (docker) => docker.listVolumes({ filters })),
    // All of them: a volume of ours may be mounted by anybody.
    connection.call('list containers', (docker) => docker.listContainers({ all: true })),
  ]);
  const mounted = new Set(containers.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name)));
  return Volumes.flatMap(({ Name, Labels }) => {
    const app = appOf(Labels);
    const prefix = app && volumeName(installation, app, '');
    if (app === undefined || !prefix || !Name.startsWith(prefix)) return [];
    return { name: Name, app, volume: Name.slice(prefix.length), inUse: mounted.has(Name) };
  }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** See `Engine.removeVolume`. */
export async function removeVolume(
  connection: DockerConnection,
  installation: string,
  name: string,
): Promise<void> {
  try {
    const volume = await connection.call(`inspect volume "${name}"`, (docker) =>
      docker.getVolume(name).inspect(),
    );
    if (volume.Labels?.[INSTALLATION_LABEL] !== installation) {
      throw new EngineError('EngineRefused', `volume "${name}" is not of installation "${installation}"`);
    }
    await connection.call(`remove volume "${name}"`, (docker) => docker.getVolume(name).remove());
  } catch (error) {
    if (!(error instanceof EngineError) || statusOf(error.cause) !== 404) throw error;
  }
}
