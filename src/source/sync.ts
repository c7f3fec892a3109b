import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import type {
  ApplicationDeclaration,
  ApplicationRecord,
  ManifestProblem,
  ManifestRecord,
  NewEvent,
  SyncChanges,
} from '../store/store.ts';
import {
  claimsOf,
  isWhole,
  ownersOf,
  rejectDuplicates,
  type ParsedFile,
  type Rejections,
} from './declarations.ts';
import { rejectCycles, unknownDependencies } from './dependencies.ts';
import { firstProblem } from './first-problem.ts';
import { planPrune } from './prune.ts';
import { sharedRoutes } from './shared-routes.ts';
import * as event from './sync-events.ts';

export interface SyncInput {
  /** The source's revision, for `source_revision`. */
  revision: string | null;
  files: readonly ParsedFile[];
  applications: readonly ApplicationRecord[];
  manifests: readonly ManifestRecord[];
  confirmPrune: boolean;
  /** What the last sync held back. */
  heldBefore: readonly string[];
  now: Date;
}

export interface SyncPlan {
  changes: SyncChanges;
  /** Apps that are kept because too many would go at once. */
  held: string[];
  /** Why the file of an app that is kept was not taken, by name of app. */
  rejected: Map<string, string>;
  /** Of all files. */
  diagnostics: Diagnostic[];
  /** How many apps the source speaks for. */
  apps: number;
}

/**
 * What brings the store in line with the source. A file is taken whole or not at all: with an error, everything it
 * declares stays as it was last accepted. Nothing to do gives empty changes.
 */
export function planSync(input: SyncInput): SyncPlan {
  const { applications, manifests, now } = input;
  const files = input.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const claims = new Map(files.map((file) => [file.path, claimsOf(file, applications, manifests)]));
  const owners = ownersOf(files, claims, applications);
  const rejections = rejectDuplicates(files, owners);
  const duplicates = new Set(rejections.keys());
  rejectCycles(files, applications, rejections);
  const accepted = files.filter((file) => isAccepted(file, rejections));

  const { declarations, events, returned } = planDeclarations(accepted, input);
  const removal = planRemoval(files, claims, owners, input);
  const { pruned, held } = removal;

  const known = namesAfter(owners, applications, pruned);
  const shared = sharedRoutes(accepted);
  const problemsOfFile = (file: ParsedFile): Diagnostic[] => [
    ...file.diagnostics,
    ...(rejections.get(file.path) ?? []),
    ...unknownDependencies(file, known),
    ...(shared.get(file.path) ?? []),
  ];
  const settled = files.filter(({ pendingUntil }) => !pendingUntil);
  const records = settled.map((file) => {
    const kept = file === removal.keeper ? removal.kept : keptBy(file, applications, manifests);
    return recordOf(file, problemsOfFile(file), isAccepted(file, rejections), kept);
  });
  const rows = planManifests(records, duplicates, input);
  return {
    changes: {
      applications: declarations,
      deletions: [...returned, ...pruned.map(({ name }) => ({ name, requestedAt: now }))],
      manifests: rows.changed,
      removedManifests: removedManifests(files, manifests),
      events: [
        ...events,
        ...rows.events,
        ...pruned.map((app) => event.deletionRequested(app, now)),
        ...(held.every((name) => input.heldBefore.includes(name))
          ? []
          : [event.pruneHeld(held, applications.length, now)]),
      ],
    },
    held,
    rejected: rejectedApps(records, files, manifests),
    apps: owners.size,
    diagnostics: settled.flatMap(problemsOfFile),
  };
}

function isAccepted(file: ParsedFile, rejections: Rejections): boolean {
  return isWhole(file) && !rejections.has(file.path);
}

interface Removal {
  pruned: ApplicationRecord[];
  held: string[];
  /** The file in whose name `kept`, apps that no file declares, are kept. */
  keeper: ParsedFile | undefined;
  kept: string[];
}

/** Prunes only what is certain to be gone: a new file that makes no sense may be where the missing apps went. */
function planRemoval(
  files: readonly ParsedFile[],
  claims: ReadonlyMap<string, ReadonlySet<string>>,
  owners: ReadonlyMap<string, ParsedFile>,
  { applications, manifests, heldBefore, confirmPrune }: SyncInput,
): Removal {
  const prune = planPrune(applications, (name) => owners.has(name), heldBefore, confirmPrune);
  const isNew = ({ path }: ParsedFile) => manifests.every((manifest) => manifest.path !== path);
  const obscure = files.filter((file) => !isWhole(file) && isNew(file) && claims.get(file.path)?.size === 0);
  if (obscure.length === 0 && files.every(({ pendingUntil }) => pendingUntil === null)) {
    return { ...prune, keeper: undefined, kept: [] };
  }
  const missing = [...prune.pruned.map(({ name }) => name), ...prune.held];
  return {
    pruned: [],
    held: prune.held.filter((name) => heldBefore.includes(name)),
    keeper: obscure.find(({ pendingUntil }) => pendingUntil === null),
    kept: missing.filter((name) => !heldBefore.includes(name)),
  };
}

interface Declarations {
  declarations: ApplicationDeclaration[];
  /** Apps declared again while they were being deleted. */
  returned: { name: string; requestedAt: null }[];
  events: NewEvent[];
}

function planDeclarations(accepted: readonly ParsedFile[], input: SyncInput): Declarations {
  const stored = new Map(input.applications.map((application) => [application.name, application]));
  const plan: Declarations = { declarations: [], returned: [], events: [] };
  for (const { path: sourcePath, apps } of accepted) {
    for (const { app: manifest, specHash: hash, secretsMissing } of apps) {
      const before = stored.get(manifest.metadata.name);
      const same = before !== undefined && isSame(manifest, before.manifest);
      const specHash = same && secretsMissing ? before.specHash : hash;
      const declaration = { manifest, specHash, sourcePath, sourceRevision: input.revision };
      if (!before) {
        plan.declarations.push(declaration);
        plan.events.push(event.registered(declaration, input.now));
        continue;
      }
      const changed = !same || specHash !== before.specHash;
      const moved = sourcePath !== before.sourcePath || input.revision !== before.sourceRevision;
      const returns = before.deletionRequestedAt !== null;
      if (changed || moved || returns) plan.declarations.push(declaration);
      if (changed || returns) plan.events.push(event.changed(before, declaration, input.now));
      if (returns) plan.returned.push({ name: before.name, requestedAt: null });
    }
  }
  return plan;
}

/** Compares as JSON does: neither the order of keys nor undefined ones count. */
function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));
}

/** The apps that a file was last accepted with. */
function keptBy(
  { path }: ParsedFile,
  applications: readonly ApplicationRecord[],
  manifests: readonly ManifestRecord[],
): string[] {
  const record = manifests.find((manifest) => manifest.path === path);
  if (record) return record.apps;
  return applications.filter(({ sourcePath }) => sourcePath === path).map(({ name }) => name);
}

/** The apps that there are after this sync: those that files speak for, and those that are kept though none does. */
function namesAfter(
  owners: ReadonlyMap<string, ParsedFile>,
  applications: readonly ApplicationRecord[],
  pruned: readonly ApplicationRecord[],
): Set<string> {
  const stay = applications.filter((app) => !app.deletionRequestedAt && !pruned.includes(app));
  return new Set([...owners.keys(), ...stay.map(({ name }) => name)]);
}

function recordOf(
  file: ParsedFile,
  all: readonly Diagnostic[],
  accepted: boolean,
  kept: readonly string[],
): ManifestRecord {
  const apps = accepted ? file.apps.map(({ app }) => app.metadata.name) : kept;
  return {
    path: file.path,
    contentHash: file.contentHash,
    status: accepted ? 'accepted' : 'error',
    apps: apps.toSorted(),
    errors: all.filter(({ severity }) => severity === 'error').map(problemOf),
    warnings: all.filter(({ severity }) => severity === 'warning').map(problemOf),
  };
}

/** The apps of files with errors, but for those that another file has by now; a file that is on its way is as it was. */
function rejectedApps(
  records: readonly ManifestRecord[],
  files: readonly ParsedFile[],
  manifests: readonly ManifestRecord[],
): Map<string, string> {
  const pending = new Set(files.filter(({ pendingUntil }) => pendingUntil).map(({ path }) => path));
  const all = [...records, ...manifests.filter(({ path }) => pending.has(path))];
  const accepted = new Set(all.flatMap(({ status, apps }) => (status === 'accepted' ? apps : [])));
  return new Map(
    all
      .filter(({ status }) => status === 'error')
      .flatMap((record) =>
        record.apps
          .filter((name) => !accepted.has(name))
          .map((name): [string, string] => [name, firstProblem(record)]),
      ),
  );
}

function problemOf({ line, column, message, suggestion }: Diagnostic): ManifestProblem {
  return { line, column, message: suggestion === undefined ? message : `${message}: ${suggestion}` };
}

/** The rows that differ from the stored ones. An error is an event once for every content of its file. */
function planManifests(
  records: readonly ManifestRecord[],
  duplicates: ReadonlySet<string>,
  { manifests, now }: SyncInput,
): { changed: ManifestRecord[]; events: NewEvent[] } {
  const stored = new Map(manifests.map((manifest) => [manifest.path, manifest]));
  const changed = records.filter((record) => !isDeepStrictEqual(record, stored.get(record.path)));
  const events = changed.flatMap((record) => {
    const before = stored.get(record.path);
    if (record.status === 'accepted') return before?.status === 'error' ? [event.accepted(record, now)] : [];
    const said =
      before?.contentHash === record.contentHash && isDeepStrictEqual(before.errors, record.errors);
    return said ? [] : [event.rejected(record, duplicates.has(record.path), now)];
  });
  return { changed, events };
}

/** Rows whose file is gone; what lies in a folder that cannot be read is not. */
function removedManifests(files: readonly ParsedFile[], manifests: readonly ManifestRecord[]): string[] {
  const present = new Set(files.map(({ path }) => path));
  const unreadable = files.filter((file) => !isWhole(file)).map(({ path }) => `${path}/`);
  return manifests
    .map(({ path }) => path)
    .filter((path) => !present.has(path) && !unreadable.some((folder) => path.startsWith(folder)));
}
