import type { App } from '../../manifest/app.gen.ts';
import type { ApplicationRecord } from '../../store/store.ts';

/** What the planner is to reach for one application. */
export interface Desired {
  name: string;
  uid: string;
  generation: number;
  revision: number;
  specHash: string;
  /** 0 while the application is suspended or being deleted. */
  replicas: number;
  deleted: boolean;
  manifest: App;
}

export function desiredOf(application: ApplicationRecord): Desired {
  const { name, uid, generation, revision, specHash, manifest, deletionRequestedAt } = application;
  const deleted = deletionRequestedAt !== null;
  const replicas = deleted || manifest.spec.suspend ? 0 : wantedReplicas(application);
  return { name, uid, generation, revision, specHash, replicas, deleted, manifest };
}

/** Manual mode says its count. In auto mode the scaler owns the count, within the policy's bounds. */
function wantedReplicas({ manifest: { scaling }, desiredReplicas }: ApplicationRecord): number {
  if (scaling.mode === 'manual') return scaling.replicas ?? scaling.minReplicas;
  return Math.min(scaling.maxReplicas, Math.max(scaling.minReplicas, desiredReplicas));
}
