import type { SyncResult } from './source/synchronizer.ts';
import type { ApplicationRecord } from './store/store.ts';

/** Whether an installation is where its manifests want it: there, on its way, or stuck. */
export type Settlement = 'reached' | 'moving' | 'failed';

/** Judges an installation by its last sync and the status of its applications. */
export function settlementOf(synced: SyncResult, applications: readonly ApplicationRecord[]): Settlement {
  if (applications.some(isMoving)) return 'moving';
  const stuck = syncProblems(synced).length > 0 || applicationProblems(applications).length > 0;
  return stuck ? 'failed' : 'reached';
}

/** What is wrong with the manifests, one line each. */
export function syncProblems({ sourceError, diagnostics, held }: SyncResult): string[] {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return [
    ...(sourceError ? [sourceError.message] : []),
    ...errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`),
    ...held.map(
      (name) =>
        `the removal of app "${name}" is held: put its manifest back, or autoserve sync --confirm-prune`,
    ),
  ];
}

/** Why applications do not run, one line each. */
export function applicationProblems(applications: readonly ApplicationRecord[]): string[] {
  return applications
    .filter(({ status, target }) => status === 'error' || target?.reason === 'RolledBack')
    .map(({ name, conditions, target, revision }) => {
      if (target?.reason === 'RolledBack')
        return `app "${name}": revision ${revision} failed and was rolled back to ${target.revision}`;
      const ready = conditions.find(({ type }) => type === 'Ready');
      return `app "${name}": ${ready?.message ?? 'error'}`;
    });
}

function isMoving({ generation, observedGeneration, status, conditions }: ApplicationRecord): boolean {
  if (observedGeneration !== generation) return true;
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'Unknown' || ready?.reason === 'Settling') return true;
  return status === 'registered' || status === 'starting' || status === 'updating' || status === 'stopping';
}
