import { stripVTControlCharacters } from 'node:util';
import type { FailureRow, InstanceRow } from '../store/read.ts';
import type { Probe } from '../store/instance-health.ts';
import { changesInLine } from './changes.ts';
import { age, formatDuration } from './duration.ts';
import { alignColumns, oneLine } from './table.ts';

/** Probes shown of an instance, and log lines of a failure. */
const PROBES = 3;
const LOG_LINES = 10;

/** A header, and the last probes of each instance that is checked. Pure. */
export function probeCells(instances: readonly InstanceRow[], now: Date): string[][] {
  const cells = instances.flatMap(({ container_name: name, last_probes: probes }) =>
    probes.slice(-PROBES).map((probe) => [name, ...cellsOf(probe, now)]),
  );
  return cells.length > 0 ? [['INSTANCE', 'AT', 'RESULT', 'CODE', 'LATENCY', 'MESSAGE'], ...cells] : [];
}

function cellsOf({ at, ok, code, latencyMs, message }: Probe, now: Date): string[] {
  return [
    `${age(at, now)} ago`,
    ok ? 'passed' : 'failed',
    code === null ? '-' : String(code),
    `${Math.round(latencyMs)}ms`,
    oneLine(message),
  ];
}

/**
 * What was kept of the last failure: how it ended, what its revision had changed, its last probes and the end of its log.
 * Pure.
 */
export function failureLines(failure: FailureRow | undefined, now: Date): string[] {
  if (!failure) return [];
  const { container_name: name, app_name: app, revision, failed_at: at } = failure;
  const { reason, message, exit_code: code } = failure;
  const lines = logLines(failure.logs);
  const rest = lines.length - LOG_LINES;
  return [
    `${name} ${oneLine(message)}, ${age(at, now)} ago`,
    ...alignColumns([
      ['reason', code === null ? reason : `${reason}, exit code ${code}`],
      ...(failure.started_at === null ? [] : [['lived', livedOf(failure.started_at, at)]]),
      ['revision', `${revision}${changesOf(failure)}`],
      ...failure.probes.slice(-PROBES).map((probe) => ['probe', cellsOf(probe, now).join('  ')]),
      ...(failure.log_error === null ? [] : [['no log', oneLine(failure.log_error)]]),
    ]),
    ...(rest > 0 ? [`(${rest} lines more: autoserve logs app ${app} --previous)`] : []),
    ...lines.slice(-LOG_LINES).map((line) => `| ${oneLine(line)}`),
  ];
}

function livedOf(startedAt: string, failedAt: string): string {
  return formatDuration(Date.parse(failedAt) - Date.parse(startedAt));
}

/** What it has that the last revision before it has not that once was rolled out completely. */
function changesOf({ stable_revision: stable, changes }: FailureRow): string {
  return stable === null ? '' : oneLine(`, which changed from ${stable}: ${changesInLine(changes)}`);
}

/** The lines of a log, without what steers a terminal. */
export function logLines(logs: string): string[] {
  const lines = stripVTControlCharacters(logs).split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
