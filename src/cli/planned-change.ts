import type { Instance } from '../controllers/application/instance.ts';
import { isLive } from '../controllers/application/instance.ts';
import { desiredOf } from '../controllers/application/desired.ts';
import { planApplication } from '../controllers/application/plan.ts';
import { budgetOf } from '../controllers/rollout/budget.ts';
import type { App } from '../manifest/app.gen.ts';
import { manifestChanges, revisionChanges } from '../manifest/diff.ts';
import type { ApplicationDeclaration, ApplicationRecord, SyncChanges } from '../store/store.ts';
import { changesInLine } from './changes.ts';

/** What the next sync and its reconciles would do to one app. */
export interface PlannedChange {
  kind: 'create' | 'change' | 'replace' | 'remove';
  app: string;
  what: string;
  /** In which manner; empty when `what` says it. */
  manner: string;
}

/** What runs, as the engine shows it. */
export interface Observed {
  networkExists: boolean;
  instancesOf(app: string): readonly Instance[];
}

/**
 * What the sync's changes come to for every app that does not stay as it is, by name. Pure.
 *
 * @param applications as they are stored now
 * @param observed null when the engine could not be asked: then only what is stored is compared
 */
export function planChanges(
  { applications: declarations, deletions }: Pick<SyncChanges, 'applications' | 'deletions'>,
  applications: readonly ApplicationRecord[],
  observed: Observed | null,
  now: Date,
): PlannedChange[] {
  const stored = new Map(applications.map((application) => [application.name, application]));
  const declared = new Map(declarations.map((item) => [item.manifest.metadata.name, item]));
  const pruned = new Set(deletions.flatMap(({ name, requestedAt }) => (requestedAt ? [name] : [])));
  const running = (application: ApplicationRecord): number =>
    observed ? observed.instancesOf(application.name).filter(isLive).length : application.replicas;

  const created = declarations.filter(({ manifest }) => !stored.has(manifest.metadata.name)).map(creation);
  const others = applications.flatMap((application): PlannedChange[] => {
    const { name } = application;
    const declaration = declared.get(name);
    const goes = pruned.has(name) || (application.deletionRequestedAt !== null && !declaration);
    if (goes) return [removal(name, running(application))];
    const change = declaration && declaredChange(application, declaration, running(application));
    return change ? [change] : observed ? correction(application, observed, now) : [];
  });
  return [...created, ...others].toSorted((a, b) => (a.app < b.app ? -1 : 1));
}

function creation({ manifest }: ApplicationDeclaration): PlannedChange {
  const { image, ports, suspend } = manifest.spec;
  const port = ports[0] ? `, port ${ports[0].containerPort}` : '';
  const what = suspend ? `suspended, ${image}` : `${instances(replicasOf(manifest))} of ${image}${port}`;
  return { kind: 'create', app: manifest.metadata.name, what, manner: '' };
}

function removal(app: string, running: number): PlannedChange {
  return { kind: 'remove', app, what: `its manifest is gone`, manner: `removes ${instances(running)}` };
}

/** Null when the declaration only came from elsewhere. */
function declaredChange(
  before: ApplicationRecord,
  { manifest, specHash }: ApplicationDeclaration,
  running: number,
): PlannedChange | null {
  const app = before.name;
  if (specHash !== before.specHash) {
    const what = changesInLine(revisionChanges(before.manifest, manifest));
    return {
      kind: 'replace',
      app,
      what,
      manner: `replaces ${instances(running)}${orderOf(manifest, running)}`,
    };
  }
  if (before.deletionRequestedAt)
    return { kind: 'change', app, what: 'declared again before it was removed', manner: '' };
  const what = changesInLine(manifestChanges(before.manifest, manifest));
  return what === '' ? null : { kind: 'change', app, what, manner: 'in place' };
}

/** What has to be done though the manifest is as it was. */
function correction(application: ApplicationRecord, observed: Observed, now: Date): PlannedChange[] {
  const desired = desiredOf(application);
  const present = observed.instancesOf(application.name);
  const { steps } = planApplication(desired, present, observed.networkExists, now).plan;
  const starts = steps.filter(({ action }) => action.kind === 'startContainer');
  const removals = steps.filter(({ action }) => action.kind === 'removeContainer');
  const [first] = starts.length > 0 ? starts : removals;
  if (!first) return [];
  const more = Math.max(starts.length, removals.length) - 1;
  const what = first.cause.message + (more > 0 ? `, and ${more} more` : '');
  const manner =
    starts.length > 0 ? `starts ${instances(starts.length)}` : `removes ${instances(removals.length)}`;
  return [{ kind: 'change', app: application.name, what, manner }];
}

/** How many at a time, by the new manifest's strategy. */
function orderOf(manifest: App, running: number): string {
  if (running <= 1) return '';
  const { surge, unavailable } = budgetOf(manifest.spec.strategy, replicasOf(manifest));
  const step = manifest.spec.strategy.type === 'Recreate' ? running : surge + unavailable;
  return step < running ? `, ${step} at a time` : ', all at once';
}

function replicasOf({ scaling }: App): number {
  return scaling.mode === 'manual' ? (scaling.replicas ?? scaling.minReplicas) : scaling.minReplicas;
}

function instances(count: number): string {
  return `${count} instance${count === 1 ? '' : 's'}`;
}
