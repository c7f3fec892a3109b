import type { SyncResult } from './source/synchronizer.ts';
import type { ApplicationRecord } from './store/store.ts';

/** Whether an installation is where its manifests want it: there, on its way, or stuck. */
export type Settlement = 'reached' | 'moving' | 'failed';

/** Judges an installation by its last sync and the status of its applications. */
export function settlementOf(synced: SyncResult, applications: readonly ApplicationRecord[]): Settlement {
  if (applications.some(isMoving)) return 'moving';
  const wellFormed = !synced.sourceError && synced.diagnostics.every(({ severity }) => severity !== 'error');
  const healthy = applications.every(({ status }) => status !== 'error');
  return wellFormed && healthy && synced.held.length === 0 ? 'reached' : 'failed';
}

function isMoving({ generation, observedGeneration, status, conditions }: ApplicationRecord): boolean {
  if (observedGeneration !== generation) return true;
  if (conditions.some((condition) => condition.type === 'Ready' && condition.status === 'Unknown'))
    return true;
  return status === 'registered' || status === 'starting' || status === 'updating' || status === 'stopping';
}
