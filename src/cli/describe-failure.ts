import { stripVTControlCharacters } from 'node:util';
import type { FailureRow, InstanceRow, RevisionRow } from '../store/read.ts';
import { age } from './duration.ts';
import { manifestDiff } from './manifest-diff.ts';
import { oneLine } from './table.ts';

/** Probes shown of an instance, and log lines of a failure. */
const PROBES = 3;
const LOG_LINES = 10;

/** A header, and the last probes of each instance that is checked. Pure. */
export function probeCells(instances: readonly InstanceRow[], now: Date): string[][] {
  const cells = instances.flatMap(({ container_name: name, last_probes: probes }) =>
    probes
      .slice(-PROBES)
      .map(({ at, ok, code, latencyMs, message }) => [
        name,
        `${age(at, now)} ago`,
        ok ? 'passed' : 'failed',
        code === null ? '-' : String(code),
        `${Math.round(latencyMs)}ms`,
        oneLine(message),
      ]),
  );
  return cells.length > 0 ? [['INSTANCE', 'AT', 'RESULT', 'CODE', 'LATENCY', 'MESSAGE'], ...cells] : [];
}

/** What was kept of the last failure: how it ended, what its revision changed, and the end of its log. Pure. */
export function failureLines(
  failure: FailureRow | undefined,
  revisions: readonly RevisionRow[],
  now: Date,
): string[] {
  if (!failure) return [];
  const { container_name: name, exit_code: code, oom_killed: oom, app_name: app, failed_at: at } = failure;
  const ending = [
    code === null ? failure.reason : `exited ${code}`,
    ...(oom ? ['killed for lack of memory'] : []),
  ];
  const change = changeOf(failure, revisions);
  const lines = logLines(failure.logs);
  const rest = lines.length - LOG_LINES;
  return [
    `${name} ${ending.join(', ')}, ${age(at, now)} ago`,
    ...(change === '' ? [] : [oneLine(change)]),
    ...(rest > 0 ? [`(${rest} lines more: autoserve logs app ${app} --previous)`] : []),
    ...lines.slice(-LOG_LINES).map((line) => `| ${oneLine(line)}`),
  ];
}

/** How the failed revision differs from the one before it. */
function changeOf({ app_uid: uid, revision }: FailureRow, revisions: readonly RevisionRow[]): string {
  const own = revisions.filter((row) => row.app_uid === uid && row.revision <= revision);
  const [before, failed] = own.toSorted((a, b) => a.revision - b.revision).slice(-2);
  if (!before || failed?.revision !== revision) return '';
  return `revision ${revision} changed ${manifestDiff(before.spec, failed.spec) || 'a secret'}`;
}

/** The lines of a log, without what steers a terminal. */
export function logLines(logs: string): string[] {
  const lines = stripVTControlCharacters(logs).split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
