import type { ApplicationRow, ManifestRow } from '../store/read.ts';
import { conditionOf, obstacleOf } from './diagnose.ts';

export const goals = ['ready', 'deleted'] as const;
export type Goal = (typeof goals)[number];

export interface WaitVerdict {
  outcome: 'reached' | 'failed' | 'waiting';
  /** How far it is, or why it cannot be. */
  message: string;
  /** The next command. */
  remedy: string;
}

/**
 * Whether an app is where it is waited for. It has failed only where nothing but a change of the manifest, or a
 * decision of the operator, leads on; crashes and missing images are tried again. Pure.
 *
 * @param app undefined when nothing of this name is declared
 * @param manifest the row of the file that declares the app
 */
export function judgeWait(
  goal: Goal,
  name: string,
  app: ApplicationRow | undefined,
  manifest: ManifestRow | undefined,
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
  if (!app)
    return goal === 'deleted'
      ? verdict('reached', 'deleted')
      : verdict('waiting', 'is not declared yet', 'autoserve get apps');
  const held = conditionOf(app.conditions, 'Synced');
  if (goal === 'deleted') {
    if (app.deletion_requested_at)
      return verdict('waiting', `is being removed, ${app.replicas} instances ready`);
    if (held?.reason === 'PruneHeld')
      return verdict('failed', 'its removal is held', 'autoserve sync --confirm-prune');
    return verdict('waiting', `is still declared by ${app.source_path ?? 'a manifest'}`);
  }
  if (app.deletion_requested_at) return verdict('failed', 'is being removed: its manifest is gone');
  if (manifest?.status === 'error') {
    const [first] = manifest.errors;
    const place = first?.line ? `${manifest.path}:${first.line}` : manifest.path;
    return verdict(
      'failed',
      `its manifest is rejected: ${place} ${first?.message ?? ''}`,
      'autoserve validate',
    );
  }
  if (app.observed_generation !== app.generation)
    return verdict('waiting', `generation ${app.generation} has not been acted on yet`);
  if (conditionOf(app.conditions, 'Ready')?.status === 'True')
    return verdict('reached', `ready, ${app.replicas} of ${app.desired_replicas} instances`);
  return verdict('waiting', obstacleOf(app.conditions)?.message ?? `is ${app.status}`);
}
