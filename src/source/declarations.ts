import { hasErrors, type Diagnostic, type Place } from '../manifest/diagnostic.ts';
import type { LocatedApp } from '../manifest/manifest.ts';
import type { ApplicationRecord, ManifestRecord } from '../store/store.ts';

/** A manifest file after parsing, validation and policy; a folder that could not be read is one too. */
export interface ParsedFile {
  /** Relative to the source, with `/`. */
  path: string;
  /** SHA-256 of the bytes; empty when they could not be read. */
  contentHash: string;
  apps: DeclaredApp[];
  /** Names that a file with errors declares, as far as they can be made out. */
  declaredNames: string[];
  diagnostics: Diagnostic[];
  /** It makes no sense, but was written so lately that the rest may be on its way: nothing is concluded until then. */
  pendingUntil: Date | null;
}

export interface DeclaredApp extends LocatedApp {
  /** With the digests of its secrets. */
  specHash: string;
  /** Some of its secrets cannot be read now, so that `specHash` says nothing about whether they changed. */
  secretsMissing: boolean;
}

/** By path. */
export type Rejections = Map<string, Diagnostic[]>;

/** Whether what the file says can be taken at its word. */
export function isWhole({ diagnostics, pendingUntil }: ParsedFile): boolean {
  return pendingUntil === null && !hasErrors(diagnostics);
}

/**
 * The names that each file speaks for. A file in error goes on speaking for everything it declared or was last
 * accepted with, so that neither pruning nor another file takes these apps from it.
 */
export function claimsOf(
  file: ParsedFile,
  applications: readonly ApplicationRecord[],
  manifests: readonly ManifestRecord[],
): Set<string> {
  if (isWhole(file)) return new Set(file.apps.map(({ app }) => app.metadata.name));
  const within = (path: string) => path === file.path || path.startsWith(`${file.path}/`);
  return new Set([
    ...file.declaredNames,
    ...manifests.filter(({ path }) => within(path)).flatMap(({ apps }) => apps),
    ...applications
      .filter(({ sourcePath }) => sourcePath !== null && within(sourcePath))
      .map(({ name }) => name),
  ]);
}

/** The file each claimed name belongs to: the one it came from, else the first without errors, else the first. */
export function ownersOf(
  files: readonly ParsedFile[],
  claims: ReadonlyMap<string, ReadonlySet<string>>,
  applications: readonly ApplicationRecord[],
): Map<string, ParsedFile> {
  const came = new Map(applications.map(({ name, sourcePath }) => [name, sourcePath]));
  const owners = new Map<string, ParsedFile>();
  for (const file of files) {
    for (const name of claims.get(file.path) ?? []) {
      const other = owners.get(name);
      const first = !other || (!isWhole(other) && isWhole(file));
      const cameFrom = (candidate: ParsedFile) => candidate.path === came.get(name);
      if (cameFrom(file) || (first && !(other && cameFrom(other)))) owners.set(name, file);
    }
  }
  return owners;
}

/** An error for every declaration of an app that another file owns. */
export function rejectDuplicates(
  files: readonly ParsedFile[],
  owners: ReadonlyMap<string, ParsedFile>,
): Rejections {
  const rejections: Rejections = new Map();
  for (const file of files) {
    for (const { app, line } of file.apps) {
      const { name } = app.metadata;
      const owner = owners.get(name) ?? file;
      if (owner === file) continue;
      const ownLine = owner.apps.find((other) => other.app.metadata.name === name)?.line;
      const place = ownLine === undefined ? `${owner.path}, which has errors` : `${owner.path}:${ownLine}`;
      const message = `app "${name}" at ${file.path}:${line} is declared already, by ${place}`;
      const at = { file: file.path, line, column: 1, length: 0, sourceLine: '' };
      reject(rejections, at, message, 'rename one of the two, or remove it from one of the files');
    }
  }
  return rejections;
}

export function reject(rejections: Rejections, at: Place, message: string, suggestion: string): void {
  const diagnostic: Diagnostic = { severity: 'error', ...at, message, suggestion };
  rejections.set(at.file, [...(rejections.get(at.file) ?? []), diagnostic]);
}
