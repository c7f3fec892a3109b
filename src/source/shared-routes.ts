import { placeOf, routeOf } from '../ingress/route.ts';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import type { DeclaredApp, ParsedFile } from './declarations.ts';

/** By path of a file: a warning for each of its apps with the host and path of another app, for only one gets requests. */
export function sharedRoutes(files: readonly ParsedFile[]): Map<string, Diagnostic[]> {
  const declared = new Map<string, { file: string; app: DeclaredApp }[]>();
  for (const { path: file, apps } of files)
    for (const app of apps) {
      const route = routeOf(app.app, file, []);
      if (!route) continue;
      const place = `http://${placeOf(route)}`;
      declared.set(place, [...(declared.get(place) ?? []), { file, app }]);
    }
  const warnings = new Map<string, Diagnostic[]>();
  for (const [place, here] of declared)
    for (const { file, app } of here) {
      const other = here.find(({ app: another }) => another.app.metadata.name !== app.app.metadata.name);
      if (!other) continue;
      const { name } = app.app.metadata;
      const rival = `app "${other.app.app.metadata.name}" (${other.file}:${other.app.line})`;
      const message = `app "${name}" has ${place} in common with ${rival}: only one of them gets requests`;
      const suggestion = 'give one of them another spec.ingress.host or spec.ingress.path';
      const at = { file, line: app.line, column: 1, length: 0, sourceLine: '' };
      warnings.set(file, [
        ...(warnings.get(file) ?? []),
        { severity: 'warning', ...at, message, suggestion },
      ]);
    }
  return warnings;
}
