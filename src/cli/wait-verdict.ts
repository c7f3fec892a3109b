import type { ApplicationRow, ManifestRow, RevisionRow } from '../store/read.ts';
import { firstProblem } from '../source/first-problem.ts';
import { conditionOf, obstacleOf } from './diagnose.ts';
import { isTargetObserved, keptRevision } from './revision-text.ts';
import { wantedCount } from './wanted-count.ts';

export const goals = ['ready', 'deleted'] as const;
export type Goal = (typeof goals)[number];

export interface WaitVerdict {
  /** `rolledBack`: an earlier revision serves, for the manifest's own has failed. */
  outcome: 'reached' | 'failed' | 'rolledBack' | 'waiting';
  /** How far it is, or why it cannot be. */
  message: string;
  /** The next command. */
  remedy: string;
}

/**
 * Whether an app is where it is waited for. It has failed only where nothing but a change of the manifest, or a
 * decision of the operator, leads on; crashes and missing images are tried again until the rollout fails. A rollback is
 * followed to its end. A pinned revision is what is wanted. Pure.
 *
 * @param app undefined when nothing of this name is declared
 * @param manifest the row of the file that declares the app; where nothing does, of one that may want to: it is rejected,
 * and nobody knows what it declares
 * @param revisions of the app, to know whether a failed rollout has somewhere to go back to
 */
export function judgeWait(
  goal: Goal,
  name: string,
  app: ApplicationRow | undefined,
  manifest: ManifestRow | undefined,
  revisions: readonly RevisionRow[] = [],
): WaitVerdict {
  const verdict = (
    outcome: WaitVerdict['outcome'],
    message: string,
    remedy = `autoserve describe app ${name}`,
  ) => ({
    outcome,
    message,
    remedy,
  });
  if (!app) {
    if (goal === 'deleted') return verdict('reached', 'deleted');
    return manifest
      ? verdict(
          'waiting',
          `is not declared, but a manifest is rejected: ${firstProblem(manifest)}`,
          'autoserve validate',
        )
      : verdict('waiting', 'is not declared yet', 'autoserve get apps');
  }
  const held = conditionOf(app.conditions, 'Synced');
  if (goal === 'deleted') {
    if (app.deletion_requested_at)
      return verdict('waiting', `is being removed, ${app.replicas} instances ready`);
    if (held?.reason === 'PruneHeld')
      return verdict('failed', 'its removal is held', 'autoserve sync --confirm-prune');
    return verdict('waiting', `is still declared by ${app.source_path ?? 'a manifest'}`);
  }
  if (app.deletion_requested_at) return verdict('failed', 'is being removed: its manifest is gone');
  if (manifest?.status === 'error')
    return verdict('failed', `its manifest is rejected: ${firstProblem(manifest)}`, 'autoserve validate');
  if (app.observed_generation !== app.generation)
    return verdict('waiting', `generation ${app.generation} has not been acted on yet`);
  const kept = keptRevision(app);
  const unseen = app.rollout && app.desired_replicas > 0 && app.rollout.revision !== kept;
  if (unseen || !isTargetObserved(app))
    return verdict('waiting', `revision ${kept} has not been acted on yet`);
  const wanted = wantedCount(app);
  if (app.desired_replicas !== wanted)
    return verdict('waiting', `a count of ${wanted} has not been acted on yet`);
  const ready = conditionOf(app.conditions, 'Ready');
  if (ready?.status === 'True') {
    if (app.target_reason === 'RolledBack')
      return verdict('rolledBack', `rolled back; the manifest's revision is held until it changes.`);
    return verdict('reached', `ready, ${app.replicas} of ${app.desired_replicas} instances`);
  }
  if (app.rollout?.outcome === 'failed' && !canRollBack(app, revisions))
    return verdict(
      'failed',
      `revision ${kept} failed, ${app.rollout.message}, and there is none to go back to`,
      `autoserve describe app ${name}, and when it is mended: autoserve retry app ${name}`,
    );
  if (app.rollout_paused)
    return verdict(
      'waiting',
      `its rollout is paused, ${ready?.message ?? ''}`,
      `autoserve resume app ${name}`,
    );
  // That another revision is kept is no obstacle to its being ready.
  const obstacle = app.target_reason ? ready : obstacleOf(app.conditions);
  return verdict('waiting', obstacle?.message ?? `is ${app.status}`);
}

/** While what is in a manifest's file is not what AutoServe has read: what became of it before is of no matter. Pure. */
export function judgeUnread(file: string): WaitVerdict {
  const message = `AutoServe has not read ${file} as it is now`;
  return { outcome: 'waiting', message, remedy: 'autoserve get manifests' };
}

/**
 * What becomes of a verdict where no AutoServe runs: nobody acts on what is waited for, and what is ready by the database may
 * be gone by now, and the manifest may be another one. Pure.
 */
export function judgeUnattended(goal: Goal, verdict: WaitVerdict): WaitVerdict {
  const remedy = 'autoserve up';
  if (verdict.outcome === 'waiting')
    return { ...verdict, message: `${verdict.message}; no AutoServe runs`, remedy };
  if (goal === 'ready' && verdict.outcome === 'reached')
    return { outcome: 'waiting', message: 'no AutoServe runs, and what it left was ready', remedy };
  return verdict;
}

/** Whether the controller goes back from a failed rollout; it never does from one that was gone back to or pinned. */
function canRollBack(
  { uid, revision, spec, target_reason: target }: ApplicationRow,
  revisions: readonly RevisionRow[],
): boolean {
  const earlier = revisions.some(
    (row) => row.app_uid === uid && row.stable && !row.quarantined && row.revision !== revision,
  );
  return !target && earlier && spec.spec.strategy.autoRollback;
}
