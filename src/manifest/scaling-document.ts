import type { Scaling } from './app.gen.ts';
import { canonicalise, isMapping } from './canonical.ts';
import { decode } from './decode.ts';
import { normalise } from './defaults.ts';
import { type Diagnostic, hasErrors } from './diagnostic.ts';
import { inOrder, parseManifest } from './manifest.ts';
import { parse } from './parse.ts';
import { SourceText } from './source-text.ts';
import { validate } from './validate.ts';

export interface ScalingDocument {
  /** With defaults filled in; null where the file is wrong, or declares other apps. */
  scaling: Scaling | null;
  diagnostics: Diagnostic[];
  /** The apps that the file declares; none when it holds a policy alone. */
  declaredNames: string[];
}

/**
 * The scaling policy in a file for one app: in the app's manifest, or alone, as a document that has `scaling` and nothing
 * of a manifest besides. Never throws.
 */
export function parseScaling(bytes: Uint8Array, file: string, app: string): ScalingDocument {
  return parseAlone(bytes, file) ?? parseInManifest(bytes, file, app);
}

function parseInManifest(bytes: Uint8Array, file: string, name: string): ScalingDocument {
  const { apps, diagnostics, declaredNames } = parseManifest(bytes, file);
  const own = apps.find(({ app }) => app.metadata.name === name);
  return { scaling: own?.app.scaling ?? null, diagnostics, declaredNames };
}

/** A manifest that has nothing to find fault with, but for the policy that is put into it. */
const faultless = { apiVersion: 'v1', kind: 'App', metadata: { name: 'app' }, spec: { image: 'app' } };

/** Null for a file that is no policy alone. It is checked as part of a manifest of its own. */
function parseAlone(bytes: Uint8Array, file: string): ScalingDocument | null {
  const source = decode(bytes, file);
  if (!(source instanceof SourceText)) return null;
  const { documents, diagnostics } = parse(source);
  const [document] = documents;
  const value = document?.value;
  if (!document || documents.length > 1 || !isMapping(value) || !('scaling' in value)) return null;
  if ('kind' in value || 'metadata' in value || 'spec' in value) return null;
  const whole = { ...document, value: { ...faultless, ...value } };
  const canonical = canonicalise(whole.value);
  const found = inOrder([...diagnostics, ...(document.broken ? [] : validate(whole, canonical, source))]);
  const scaling = hasErrors(found) ? null : normalise(canonical.value).scaling;
  return { scaling, diagnostics: found, declaredNames: [] };
}
