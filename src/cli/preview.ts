import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { joinInstances, type Attendance } from '../controllers/application/instance.ts';
import { EngineError } from '../engine/engine.ts';
import { AutoServeError } from '../error.ts';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import { DirectorySource } from '../source/directory.ts';
import { ManifestReader } from '../source/manifest-reader.ts';
import { planSync } from '../source/sync.ts';
import { findInstallation, readWhereabouts, type Installation } from '../store/installation.ts';
import { PostgresStore } from '../store/postgres/postgres-store.ts';
import type { InstanceRecord, ManifestRecord, World } from '../store/store.ts';
import { withDatabase } from './database.ts';
import { openEngine } from './engine.ts';
import { planChanges, type Observed, type PlannedChange } from './planned-change.ts';

export interface Preview {
  changes: PlannedChange[];
  /** Apps whose removal would be held. */
  held: string[];
  diagnostics: Diagnostic[];
  /** What could not be compared. */
  notes: string[];
}

interface Stored {
  world: World;
  manifests: ManifestRecord[];
  installation: Installation | undefined;
  /** The folder that the running AutoServe watches, or the last one did. */
  watched: string | null;
}

/** What the next sync and its reconciles would do, without doing it. Throws `SourceUnreadable`. */
export async function preview(config: Config): Promise<Preview> {
  const notes: string[] = [];
  const { world, manifests, installation, watched } = (await readStored(config, notes)) ?? nothing;
  if (watched !== null && watched !== config.manifests)
    notes.push(`AutoServe watches ${watched}, and this is compared with ${config.manifests} (--manifests)`);
  for (const { name, rollout } of world.applications)
    if (rollout?.outcome === 'progressing')
      notes.push(`a rollout of app ${name} is under way, of which the next step alone is shown`);
  const observed = await observe(config, world, installation, notes);
  const { revision, files } = await new DirectorySource(config.manifests, systemClock).snapshot();
  const { policy, secretsDir } = config;
  const reader = new ManifestReader({ policy, secretsDir, digestKey: installation?.secretDigestKey ?? '' });
  const now = new Date();
  const { changes, held, diagnostics } = planSync({
    revision,
    // A file in error is judged now, even if the rest of it may still be on its way.
    files: files.map((file) => reader.read('bytes' in file ? { ...file, modifiedAt: null } : file, now)),
    applications: world.applications,
    manifests,
    confirmPrune: config.confirmPrune,
    heldBefore: [],
    now,
  });
  return { changes: planChanges(changes, world.applications, observed, now), held, diagnostics, notes };
}

const nothing: Stored = {
  world: { applications: [], instances: [], openOperations: [] },
  manifests: [],
  installation: undefined,
  watched: null,
};

/** Undefined when there is no database yet; one that is named and does not answer is an error. */
async function readStored(config: Config, notes: string[]): Promise<Stored | undefined> {
  try {
    return await withDatabase(config, async (database) => {
      const store = new PostgresStore(database);
      const [world, manifests, installation, { manifests: watched }] = await Promise.all([
        store.loadWorld(),
        store.loadManifests(),
        findInstallation(database),
        readWhereabouts(database),
      ]);
      return { world, manifests, installation, watched };
    });
  } catch (error) {
    const isEmpty =
      error instanceof AutoServeError && ['DatabaseNotRunning', 'SchemaMissing'].includes(error.code);
    if (!isEmpty) throw error;
    notes.push(`${error.message}: the folder is compared with nothing`);
    return undefined;
  }
}

async function observe(
  config: Config,
  { instances, applications }: World,
  installation: Installation | undefined,
  notes: string[],
): Promise<Observed | null> {
  if (!installation) return null;
  const engine = openEngine(config, installation);
  try {
    const known = instances.flatMap(({ containerId }) => containerId ?? []);
    const { containers, networkExists } = await engine.observe(known);
    const uids = new Map(applications.map(({ name, uid }) => [name, uid]));
    return {
      networkExists,
      instancesOf(app) {
        const uid = uids.get(app) ?? '';
        return joinInstances(
          uid,
          instances.filter(({ appName }) => appName === app),
          containers.filter(({ identity }) => identity.appUid === uid),
          (_, record) => attendanceOf(record),
        );
      },
    };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'EngineUnavailable') throw error;
    notes.push(`${error.message}: the folder is compared with what is stored alone`);
    return null;
  }
}

/** What is known of an instance without asking it. */
function attendanceOf(record: InstanceRecord | null): Attendance {
  const {
    healthStatus: status,
    healthSince: since,
    lastProbes: probes = [],
    drainingSince = null,
  } = record ?? {};
  return {
    health: status && since ? { status, since, probes } : null,
    drainingSince,
    refusal: null,
    limited: false,
    stopping: false,
  };
}
