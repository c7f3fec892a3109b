import type { Diagnostic } from '../manifest/diagnostic.ts';
import { didYouMean, suggestWord } from '../manifest/suggestion.ts';
import type { ApplicationRecord } from '../store/store.ts';
import { isWhole, reject, type ParsedFile, type Rejections } from './declarations.ts';

/**
 * Adds an error for every new or changed app that would depend on itself, until what remains, with the last good
 * specs of the rejected files, has no cycle.
 */
export function rejectCycles(
  files: readonly ParsedFile[],
  applications: readonly ApplicationRecord[],
  rejections: Rejections,
): void {
  const stored = new Map(applications.map(({ name, manifest }) => [name, manifest.spec.dependsOn]));
  for (let found = true; found;) {
    found = false;
    const accepted = files.filter((file) => isWhole(file) && !rejections.has(file.path));
    const declared = accepted.flatMap((file) => file.apps);
    const graph = new Map(stored);
    for (const { app } of declared) graph.set(app.metadata.name, app.spec.dependsOn);
    for (const { app, dependsOnAt } of declared) {
      const { name } = app.metadata;
      const { dependsOn } = app.spec;
      const before = stored.get(name);
      if (before && before.join() === dependsOn.join()) continue;
      const cycle = pathBack(graph, name);
      const at = dependsOnAt[dependsOn.findIndex((dependency) => dependency === cycle?.[1])];
      if (!cycle || !at) continue;
      found = true;
      const message = `app "${name}" depends on itself: ${cycle.join(' -> ')}`;
      reject(rejections, at, message, 'remove one of these from spec.dependsOn');
    }
  }
}

/** The shortest way from `name` along the graph back to it. */
function pathBack(graph: ReadonlyMap<string, readonly string[]>, name: string): string[] | undefined {
  const ways: string[][] = [[name]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? name) ?? []) {
      if (next === name) return [...way, name];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** A warning for every dependency on an app that there is none of: who has it waits. */
export function unknownDependencies({ apps }: ParsedFile, known: ReadonlySet<string>): Diagnostic[] {
  return apps.flatMap(({ app, dependsOnAt }) =>
    dependsOnAt.flatMap((at, index): Diagnostic[] => {
      const name = app.spec.dependsOn[index] ?? '';
      if (known.has(name)) return [];
      const others = [...known].filter((other) => other !== app.metadata.name);
      const meant = suggestWord(name, others);
      const message = `app "${app.metadata.name}" waits for app "${name}", which no manifest declares`;
      return [{ severity: 'warning', ...at, message, ...(meant && { suggestion: didYouMean(meant) }) }];
    }),
  );
}
