import type { Connection, Database } from './database.ts';
import type { Target } from './store.ts';
import { tell } from './tell.ts';

/** What came of asking for a revision. */
export type PinOutcome =
  | { outcome: 'pinned' | 'unpinned' | 'unchanged'; revision: number; wanted: number }
  | { outcome: 'noSuchApp' }
  /** There is no such revision of this app, or no earlier stable one. */
  | { outcome: 'noSuchRevision' };

export type ChangeOutcome = 'changed' | 'unchanged' | 'noSuchApp';

interface LockedApplication {
  name: string;
  uid: string;
  revision: number;
  target_revision: number | null;
  target_reason: Target['reason'] | null;
  rollout_paused: boolean;
}

/**
 * Keeps an app at one of its revisions, whatever its manifest wants, until the manifest changes; to ask for the
 * manifest's own revision ends that, and tries it again if it had failed. `previous` is the latest revision before the
 * kept one that once was rolled out completely and did not fail afterwards.
 */
export async function pinRevision(
  database: Database,
  app: string,
  revision: number | 'previous',
): Promise<PinOutcome> {
  return await database.transaction(async (connection): Promise<PinOutcome> => {
    const row = await lockApplication(connection, app);
    if (!row) return { outcome: 'noSuchApp' };
    const goal = await findRevision(connection, row, revision);
    if (goal === undefined) return { outcome: 'noSuchRevision' };
    const wanted = row.revision;
    const pins = goal !== wanted;
    const isSo = pins
      ? row.target_reason === 'Pinned' && row.target_revision === goal
      : row.target_revision === null;
    if (isSo) return { outcome: 'unchanged', revision: goal, wanted };
    await setTarget(connection, row, pins ? goal : null);
    if (!pins) await tryAgain(connection, row);
    await tell(connection, row, {
      eventType: 'deployment',
      reason: pins ? 'Pinned' : 'Unpinned',
      message: pins
        ? `pinned to revision ${goal}; the manifest wants ${wanted}`
        : `no longer pinned: the manifest's revision ${wanted} is wanted`,
      details: { from: row.target_revision ?? wanted, to: goal },
    });
    return { outcome: pins ? 'pinned' : 'unpinned', revision: goal, wanted };
  });
}

/** Whether an app's rollout stands still: while it does, no further instance of an older spec is replaced. */
export async function setPaused(database: Database, app: string, paused: boolean): Promise<ChangeOutcome> {
  return await database.transaction(async (connection): Promise<ChangeOutcome> => {
    const row = await lockApplication(connection, app);
    if (!row) return 'noSuchApp';
    if (row.rollout_paused === paused) return 'unchanged';
    await connection.query('UPDATE applications SET rollout_paused = ? WHERE name = ?', [paused, app]);
    await tell(connection, row, {
      eventType: 'deployment',
      reason: paused ? 'Paused' : 'Resumed',
      message: paused ? `its rollouts stand still until: autoserve resume app ${app}` : 'its rollouts go on',
      details: null,
    });
    return 'changed';
  });
}

/** Forgets what failed of an app: a revision that was rolled back is wanted again, held-back actions are tried at once. */
export async function retryApplication(database: Database, app: string): Promise<ChangeOutcome> {
  return await database.transaction(async (connection): Promise<ChangeOutcome> => {
    const row = await lockApplication(connection, app);
    if (!row) return 'noSuchApp';
    const pinned = row.target_reason === 'Pinned';
    if (!pinned) await setTarget(connection, row, null);
    await tryAgain(connection, row);
    const revision = pinned ? row.target_revision : row.revision;
    await tell(connection, row, {
      eventType: 'deployment',
      reason: 'Retried',
      message: `revision ${revision} is tried again`,
      details: null,
    });
    return 'changed';
  });
}

/** Locks the row until the transaction ends. An app that is being removed has no rollouts any more. */
async function lockApplication(connection: Connection, app: string): Promise<LockedApplication | undefined> {
  const [row] = await connection.query<LockedApplication>(
    `SELECT name, uid, revision, target_revision, target_reason, rollout_paused FROM applications
     WHERE name = ? AND deletion_requested_at IS NULL FOR UPDATE`,
    [app],
  );
  return row;
}

async function findRevision(
  connection: Connection,
  { uid, revision: wanted, target_revision: target }: LockedApplication,
  revision: number | 'previous',
): Promise<number | undefined> {
  const [sql, binding] =
    revision === 'previous'
      ? ['stable AND NOT quarantined AND revision < ? ORDER BY revision DESC LIMIT 1', target ?? wanted]
      : ['revision = ?', revision];
  const [row] = await connection.query<{ revision: number }>(
    `SELECT revision FROM revisions WHERE app_uid = ? AND ${sql}`,
    [uid, binding],
  );
  return row?.revision;
}

/** Pins a revision, or lets the app follow its manifest again. */
async function setTarget(
  connection: Connection,
  { name }: LockedApplication,
  pinned: number | null,
): Promise<void> {
  await connection.query('UPDATE applications SET target_revision = ?, target_reason = ? WHERE name = ?', [
    pinned,
    pinned === null ? null : 'Pinned',
    name,
  ]);
}

/** Forgets what failed; what a pass that is under way concludes of it is written no more. */
async function tryAgain(connection: Connection, { name, uid }: LockedApplication): Promise<void> {
  await connection.query('UPDATE applications SET retries = retries + 1, rollout = NULL WHERE name = ?', [
    name,
  ]);
  await connection.query(
    `UPDATE revisions r SET quarantined = false FROM applications a
     WHERE a.uid = ? AND a.target_revision IS NULL AND r.app_uid = a.uid AND r.revision = a.revision`,
    [uid],
  );
}
