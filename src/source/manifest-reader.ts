import { type Diagnostic, hasErrors } from '../manifest/diagnostic.ts';
import { specHash } from '../manifest/hash.ts';
import { parseManifest, type LocatedApp, type Manifest } from '../manifest/manifest.ts';
import { checkPolicy, type Policy } from '../manifest/policy.ts';
import { secretDigests } from '../manifest/secrets.ts';
import { hashOf } from './content-hash.ts';
import type { DeclaredApp, ParsedFile } from './declarations.ts';
import type { ReadFile, SourceFile, UnreadableFile } from './source.ts';

/** A file that makes no sense may be half a file for this long after it was written. */
export const PENDING_MS = 1000;

export interface ManifestReaderOptions {
  policy: Policy;
  /** Directory with one file a secret field. */
  secretsDir: string;
  /** Key of the digests of secrets. */
  digestKey: string | Uint8Array;
}

/** Makes manifests of a source's files. What depends on the bytes alone is done once for a file that stays as it is. */
export class ManifestReader {
  readonly #options: ManifestReaderOptions;
  readonly #checked = new WeakMap<ReadFile, Manifest & { contentHash: string }>();

  constructor(options: ManifestReaderOptions) {
    this.#options = options;
  }

  read(file: SourceFile, now: Date): ParsedFile {
    if ('error' in file) return unreadable(file);
    const { apps, declaredNames, diagnostics, contentHash } = this.#check(file);
    const age = file.modifiedAt ? now.getTime() - file.modifiedAt.getTime() : PENDING_MS;
    const declared = apps.map((located) => this.#declare(located, file.path));
    return {
      path: file.path,
      contentHash,
      apps: declared.map(({ declaration }) => declaration),
      declaredNames,
      diagnostics: [...diagnostics, ...declared.flatMap(({ warnings }) => warnings)],
      pendingUntil:
        (hasErrors(diagnostics) || apps.length === 0) && age >= 0 && age < PENDING_MS
          ? new Date(now.getTime() + PENDING_MS - age)
          : null,
    };
  }

  #check(file: ReadFile): Manifest & { contentHash: string } {
    const before = this.#checked.get(file);
    if (before) return before;
    const manifest = parseManifest(file.bytes, file.path);
    const refusals = manifest.apps.flatMap(({ app, line }) =>
      checkPolicy(app, this.#options.policy).map((message) =>
        diagnosticAt('error', file.path, line, message),
      ),
    );
    const checked = {
      ...manifest,
      apps: refusals.length > 0 ? [] : manifest.apps,
      diagnostics: [...manifest.diagnostics, ...refusals],
      contentHash: hashOf(file.bytes),
    };
    this.#checked.set(file, checked);
    return checked;
  }

  #declare(located: LocatedApp, path: string): { declaration: DeclaredApp; warnings: Diagnostic[] } {
    const { app, line } = located;
    const digests = secretDigests(app, this.#options.secretsDir, this.#options.digestKey);
    const missing = Object.keys(digests).filter((name) => digests[name] === null);
    return {
      declaration: { ...located, specHash: specHash(app, digests), secretsMissing: missing.length > 0 },
      warnings: missing.map((name) =>
        diagnosticAt('warning', path, line, `secret ${name} of app "${app.metadata.name}" cannot be read`),
      ),
    };
  }
}

function unreadable({ path, error }: UnreadableFile): ParsedFile {
  const message = error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
  const diagnostics = [diagnosticAt('error', path, 1, message)];
  return { path, contentHash: '', apps: [], declaredNames: [], diagnostics, pendingUntil: null };
}

function diagnosticAt(
  severity: Diagnostic['severity'],
  file: string,
  line: number,
  message: string,
): Diagnostic {
  return { severity, file, line, column: 1, length: 0, message, sourceLine: '' };
}
