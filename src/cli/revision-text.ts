import type { ApplicationRow } from '../store/read.ts';

/** The revision that is kept: the manifest's, or the earlier one that was pinned or gone back to. */
export function keptRevision({ revision, target_revision: target }: ApplicationRow): number {
  return target ?? revision;
}

/** Whether the controller has seen the row's target: it answers with a condition. */
export function isTargetObserved({ conditions, target_reason: target }: ApplicationRow): boolean {
  const reason = conditions.find(({ type }) => type === 'Synced')?.reason;
  // Told before any target.
  if (reason === 'PruneHeld') return true;
  const answers = { Pinned: 'Pinned', RolledBack: 'Quarantined' } as const;
  return target ? reason === answers[target] : reason !== 'Pinned' && reason !== 'Quarantined';
}

/**
 * The revision for a table: `8`; `8 (was 7)` while instances of 7 give way to it; `7 (pinned)`; `7 (8 held)` after 8
 * failed.
 */
export function revisionText(app: ApplicationRow, others: readonly number[]): string {
  const kept = keptRevision(app);
  if (app.target_reason === 'Pinned') return `${kept} (pinned)`;
  if (app.target_reason === 'RolledBack') return `${kept} (${app.revision} held)`;
  const before = others.filter((revision) => revision !== kept);
  return before.length > 0 ? `${kept} (was ${Math.max(...before)})` : String(kept);
}
