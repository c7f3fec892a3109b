import { deadlineOf } from '../controllers/rollout/rollout.ts';
import type { ApplicationRow, RevisionRow } from '../store/read.ts';
import { age, formatDuration } from './duration.ts';
import { oneLine } from './table.ts';

/** Where an app's rollout is, and what keeps it from the manifest's revision, as label and value. Pure. */
export function rolloutFacts(app: ApplicationRow, now: Date): string[][] {
  const { rollout, revision, target_revision: target, target_reason: reason, name } = app;
  return [
    ...(rollout ? [['rollout', `revision ${rollout.revision} ${progressOf(app, rollout, now)}`]] : []),
    ...(reason === 'Pinned' ? [['pinned', `pinned to ${target}; the manifest wants ${revision}`]] : []),
    ...(reason === 'RolledBack'
      ? [['rolled back', `to ${target}; the manifest's revision ${revision} is held until it changes`]]
      : []),
    ...(app.rollout_paused ? [['paused', `autoserve resume app ${name}`]] : []),
  ];
}

/** What a revision's image is, as far as it is known, as label and value. Pure. */
export function imageFacts(revision: RevisionRow | undefined): string[][] {
  return [
    ...(revision?.image_id ? [['image id', revision.image_id]] : []),
    ...(revision?.image_digest ? [['digest', revision.image_digest]] : []),
  ];
}

function progressOf(
  { spec, rollout_paused: paused, desired_replicas: desired }: ApplicationRow,
  rollout: NonNullable<ApplicationRow['rollout']>,
  now: Date,
): string {
  switch (rollout.outcome) {
    case 'complete':
      return `complete, begun ${age(rollout.startedAt, now)} ago`;
    case 'failed':
      return `failed: ${oneLine(rollout.message)}`;
    case 'progressing': {
      const available = `${rollout.available} of ${desired} available`;
      if (paused) return `paused, ${available}`;
      const left = deadlineOf(rollout, spec.spec.strategy.progressDeadlineSeconds).getTime() - now.getTime();
      return `in progress, ${available}, deadline in ${formatDuration(left)}`;
    }
  }
}
