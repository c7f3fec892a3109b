import type { App } from '../../manifest/app.gen.ts';
import type { ApplicationRecord } from '../../store/store.ts';
import { budgetOf, type Budget } from '../rollout/budget.ts';
import { declaredCount } from '../scaling/by-hand.ts';

/** What the planner is to reach for one application. */
export interface Desired {
  name: string;
  uid: string;
  generation: number;
  /** The target: the manifest's revision, or the one that was pinned or rolled back to. */
  revision: number;
  specHash: string;
  /** The revision that failed and was rolled back; null when there is none. */
  condemned: number | null;
  /** 0 while the application is suspended or being deleted. */
  replicas: number;
  deleted: boolean;
  /** Whether the manifest is other than the one that was last acted on. */
  changed: boolean;
  /** While a rollout is paused no further instance of an older spec is replaced. */
  paused: boolean;
  /** Whether nothing may be started, for what it depends on is not ready. Only what was never complete waits. */
  waits: boolean;
  /** What instances are made of, and how they are kept. */
  manifest: App;
  budget: Budget;
}

/** @param awaited the applications it depends on that are not ready */
export function desiredOf(application: ApplicationRecord, awaited: readonly string[] = []): Desired {
  const { name, uid, generation, observedGeneration, deletionRequestedAt, target, rolloutPaused } =
    application;
  const { revision, specHash, manifest } = target ?? application;
  const deleted = deletionRequestedAt !== null;
  const replicas = deleted || application.manifest.spec.suspend ? 0 : wantedReplicas(application);
  const { rollout } = application;
  const wasComplete = rollout?.revision === revision && rollout.outcome === 'complete';
  const budget = budgetOf(manifest.spec.strategy, replicas);
  return {
    name,
    uid,
    generation,
    revision,
    specHash,
    condemned: target?.reason === 'RolledBack' ? application.revision : null,
    replicas,
    deleted,
    changed: observedGeneration !== generation,
    paused: rolloutPaused,
    waits: awaited.length > 0 && !wasComplete,
    manifest,
    budget,
  };
}

/** A count set by hand wins over the manifest's in mode manual. In mode auto the scaler owns it, within the policy's bounds. */
export function wantedReplicas({
  manifest: { scaling },
  scaledReplicas,
}: Pick<ApplicationRecord, 'manifest' | 'scaledReplicas'>): number {
  const { mode, minReplicas, maxReplicas } = scaling;
  if (mode === 'manual') return scaledReplicas ?? declaredCount(scaling);
  return Math.min(maxReplicas, Math.max(minReplicas, scaledReplicas ?? minReplicas));
}
