import { expect } from 'chai';
import type { App } from '../../src/manifest/app.gen.ts';
import { formatDiagnostics } from '../../src/manifest/diagnostic.ts';
import { type Manifest, parseManifest } from '../../src/manifest/manifest.ts';

export function parseText(text: string, file = 'app.yaml'): Manifest {
  return parseManifest(new TextEncoder().encode(text), file);
}

/** The app of a manifest whose `spec` and other root fields are given as data. */
export function appOf(spec: Record<string, unknown>, root: Record<string, unknown> = {}): App {
  const document = { apiVersion: 'v1', kind: 'App', metadata: { name: 'web' }, spec, ...root };
  const { apps, diagnostics } = parseText(JSON.stringify(document));
  const [declared] = apps;
  if (!declared) throw new Error(formatDiagnostics(diagnostics));
  return declared.app;
}

/** The messages for a manifest, errors and warnings, without their places. */
export function messagesFor(spec: Record<string, unknown>, root: Record<string, unknown> = {}): string[] {
  const document = { apiVersion: 'v1', kind: 'App', metadata: { name: 'web' }, spec, ...root };
  return parseText(JSON.stringify(document)).diagnostics.map(({ message }) => message);
}

export function expectAccepted(manifest: Manifest): void {
  expect(manifest.diagnostics.filter(({ severity }) => severity === 'error')).to.deep.equal([]);
}
