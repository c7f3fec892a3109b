import type { Config } from '../config.ts';
import { AutoServeError } from '../error.ts';
import type { Engine, ObservedVolume } from '../engine/engine.ts';
import type { Connection } from '../store/database.ts';
import { findInstallation } from '../store/installation.ts';
import { listApplications, listRevisions, type RevisionRow } from '../store/read.ts';
import { withDatabase } from './database.ts';
import { openEngine } from './engine.ts';
import { alignColumns } from './table.ts';

export interface AppVolume extends ObservedVolume {
  /** Whether a revision of a declared app has it, so that a rollback may need it, too. */
  declared: boolean;
}

/** The named volumes that AutoServe made. */
export async function listAppVolumes(config: Config): Promise<AppVolume[]> {
  return await withVolumes(config, (_, volumes) => Promise.resolve(volumes));
}

/** A table of volumes. Pure. */
export function volumeLines(volumes: readonly AppVolume[]): string[] {
  return alignColumns([
    ['NAME', 'APP', 'VOLUME', 'DECLARED', 'MOUNTED'],
    ...volumes.map(({ name, app, volume, declared, inUse }) => [
      name,
      app,
      volume,
      declared ? 'yes' : 'no',
      inUse ? 'yes' : 'no',
    ]),
  ]);
}

/** Removes the volumes that no declared app has and no container mounts, and what is in them. Throws `NotConfirmed`. */
export async function pruneVolumes(config: Config, confirmed: boolean): Promise<void> {
  await withVolumes(config, async (engine, volumes) => {
    const unused = volumes.filter(({ declared, inUse }) => !declared && !inUse);
    if (unused.length === 0) {
      console.error('every volume is in use');
      return;
    }
    if (!confirmed) {
      console.log(volumeLines(unused).join('\n'));
      const them = unused.length === 1 ? 'this volume' : `these ${unused.length} volumes`;
      throw new AutoServeError('NotConfirmed', `${them} and what is in them would be removed for good`, {
        remedy: 'autoserve volumes prune --yes',
      });
    }
    for (const { name } of unused) {
      await engine.removeVolume(name);
      console.log(`${name} removed`);
    }
  });
}

async function withVolumes<T>(
  config: Config,
  work: (engine: Engine, volumes: AppVolume[]) => Promise<T>,
): Promise<T> {
  return await withDatabase(config, async (database) => {
    const installation = await findInstallation(database);
    if (!installation)
      throw new AutoServeError('NotFound', 'nothing was ever run here', { remedy: 'autoserve up' });
    const engine = openEngine(config, installation);
    const [volumes, declared] = [await engine.listVolumes(), await declaredVolumes(database)];
    return await work(
      engine,
      volumes.map((volume) => ({ ...volume, declared: declared.has(keyOf(volume.app, volume.volume)) })),
    );
  });
}

/** Every volume of every revision of the declared apps. */
async function declaredVolumes(connection: Connection): Promise<Set<string>> {
  const apps = await listApplications(connection);
  const revisions = await Promise.all(
    apps.map(async ({ name, uid }) =>
      (await listRevisions(connection, name)).filter(({ app_uid: of }) => of === uid),
    ),
  );
  return new Set(revisions.flat().flatMap(volumesOf));
}

function volumesOf({ app_name: app, spec }: RevisionRow): string[] {
  return spec.spec.volumes.flatMap((volume) => ('hostPath' in volume ? [] : [keyOf(app, volume.name)]));
}

/** Neither name has a blank in it. */
function keyOf(app: string, volume: string): string {
  return `${app} ${volume}`;
}
