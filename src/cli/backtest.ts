import { readFile } from 'node:fs/promises';
import {
  comparisonTable,
  timelineTable,
  type BacktestComparison,
} from '../controllers/scaling/backtest-report.ts';
import { backtest } from '../controllers/scaling/backtest.ts';
import { declaredCount } from '../controllers/scaling/by-hand.ts';
import { proportional } from '../controllers/scaling/proportional.ts';
import { AutoServeError, fileTroubleOf } from '../error.ts';
import type { Scaling } from '../manifest/app.gen.ts';
import { hasErrors } from '../manifest/diagnostic.ts';
import { parseScaling } from '../manifest/scaling-document.ts';
import type { Connection } from '../store/database.ts';
import { listApplications, type ApplicationRow } from '../store/read.ts';
import { countSince, listRecordedLoads } from '../store/scaling.ts';
import { showDiagnostics } from './diagnostics.ts';
import { formatDuration } from './duration.ts';
import { missingApp } from './missing-app.ts';
import { alignColumns } from './table.ts';

/** The policy in a file for one app; what is wrong with it, or worth knowing, goes to stderr. Throws `PolicyUnreadable` and `PolicyRejected`. */
export async function readPolicy(path: string, app: string): Promise<Scaling> {
  const remedy = `--policy takes a manifest of app ${app}, or a file that has "scaling:" alone`;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new AutoServeError('PolicyUnreadable', `cannot read ${path}: ${fileTroubleOf(error)}`, {
      remedy,
      cause: error,
    });
  });
  const { scaling, diagnostics, declaredNames } = parseScaling(bytes, path, app);
  if (diagnostics.length > 0) console.error(showDiagnostics(diagnostics, process.stderr));
  if (scaling) return scaling;
  const why = hasErrors(diagnostics) ? 'is rejected' : `declares ${declaredNames.join(', ') || 'no app'}`;
  throw new AutoServeError('PolicyRejected', `${path} has no policy for app ${app}: it ${why}`, { remedy });
}

/**
 * Replays what was recorded of an app in the last `seconds` through its present policy and another one. Throws `NotFound`
 * where there is no such app, or nothing was recorded of it.
 */
export async function compare(
  reader: Connection,
  name: string,
  proposed: Scaling,
  seconds: number,
): Promise<BacktestComparison> {
  const [app] = await listApplications(reader, name);
  if (!app) throw await missingApp(reader, name);
  const [loads, count] = await Promise.all([
    listRecordedLoads(reader, name, seconds),
    countSince(reader, app, seconds),
  ]);
  const [first, last] = [loads.at(0), loads.at(-1)];
  if (!first || !last)
    throw new AutoServeError('NotFound', `nothing was recorded of app "${name}" in this time`, {
      remedy: `autoserve get metrics ${name} --window 1h`,
    });
  const replicas = count ?? app.desired_replicas;
  return {
    app: name,
    from: first.at.toISOString(),
    to: last.at.toISOString(),
    present: backtest(proportional, presentPolicy(app), loads, replicas),
    proposed: backtest(proportional, proposed, loads, replicas),
  };
}

/** Pure. */
export function backtestText(comparison: BacktestComparison): string {
  const { app, from, to, present, proposed } = comparison;
  return [
    `${app}, ${from} to ${to}, ${formatDuration(present.seconds * 1_000)} recorded`,
    ...alignColumns(comparisonTable(comparison)),
    '',
    'Present',
    ...alignColumns(timelineTable(present)).map(indented),
    '',
    'Proposed',
    ...alignColumns(timelineTable(proposed)).map(indented),
  ].join('\n');
}

/** A count that was set by hand is part of what the present policy comes to. */
function presentPolicy({ spec: { scaling }, scaled_replicas: scaled }: ApplicationRow): Scaling {
  return scaling.mode === 'auto' ? scaling : { ...scaling, replicas: scaled ?? declaredCount(scaling) };
}

function indented(line: string): string {
  return `  ${line}`;
}
