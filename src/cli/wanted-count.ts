import { wantedReplicas } from '../controllers/application/desired.ts';
import type { ApplicationRow } from '../store/read.ts';

/** How many instances an app is to have now, acted on or not. Pure. */
export function wantedCount({ deletion_requested_at: deletion, suspended, ...app }: ApplicationRow): number {
  if (deletion !== null || suspended) return 0;
  return wantedReplicas({ manifest: app.spec, scaledReplicas: app.scaled_replicas });
}
