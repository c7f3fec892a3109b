import { declaredCount } from '../controllers/scaling/by-hand.ts';
import type { App } from '../manifest/app.gen.ts';
import type { Connection, Database } from './database.ts';
import { tell } from './tell.ts';

/** What came of setting a count by hand. `declared` is the manifest's. */
export type ScaleOutcome =
  | { outcome: 'scaled' | 'unchanged'; declared: number; suspended: boolean }
  | { outcome: 'noSuchApp' }
  /** In mode auto the scaler owns the count. */
  | { outcome: 'auto'; sourcePath: string | null }
  | { outcome: 'tooMany'; most: number; sourcePath: string | null };

interface LockedApplication {
  name: string;
  uid: string;
  spec: App;
  scaled_replicas: number | null;
  source_path: string | null;
}

/**
 * Sets how many instances an application in mode manual is to have, until its manifest's `scaling` changes; the manifest's
 * own count lets it follow its manifest again. More than `maxReplicas` are refused, unless the manifest itself says more.
 */
export async function scaleByHand(database: Database, app: string, replicas: number): Promise<ScaleOutcome> {
  return await database.transaction(async (connection): Promise<ScaleOutcome> => {
    const [row] = await connection.query<LockedApplication>(
      `SELECT name, uid, spec, scaled_replicas, source_path FROM applications
       WHERE name = ? AND deletion_requested_at IS NULL FOR UPDATE`,
      [app],
    );
    if (!row) return { outcome: 'noSuchApp' };
    const { scaling, spec } = row.spec;
    const sourcePath = row.source_path;
    if (scaling.mode === 'auto') return { outcome: 'auto', sourcePath };
    const declared = declaredCount(scaling);
    const most = Math.max(declared, scaling.maxReplicas);
    if (replicas > most) return { outcome: 'tooMany', most, sourcePath };
    const from = row.scaled_replicas ?? declared;
    const done = { declared, suspended: spec.suspend };
    if (from === replicas) return { outcome: 'unchanged', ...done };
    const follows = replicas === declared;
    await connection.query('UPDATE applications SET scaled_replicas = ? WHERE name = ?', [
      follows ? null : replicas,
      app,
    ]);
    await tell(connection, row, {
      eventType: 'scaling',
      reason: 'ScaledByHand',
      message: `${from} to ${replicas} instances${follows ? ', as the manifest says' : `; the manifest says ${declared}`}`,
      details: { from, to: replicas, declared },
    });
    return { outcome: 'scaled', ...done };
  });
}

export interface ScaledByHand {
  at: Date;
  from: number;
  to: number;
}

/** The last time a person set the count of this application; undefined when nobody did, or long ago. */
export async function lastScaledByHand(
  connection: Connection,
  { name, uid }: { name: string; uid: string },
): Promise<ScaledByHand | undefined> {
  const [row] = await connection.query<ScaledByHand>(
    `SELECT timestamp AS at, (details ->> 'from')::integer AS "from", (details ->> 'to')::integer AS "to" FROM events
     WHERE app_name = ? AND app_uid = ? AND reason = 'ScaledByHand' ORDER BY timestamp DESC, id DESC LIMIT 1`,
    [name, uid],
  );
  return row;
}
