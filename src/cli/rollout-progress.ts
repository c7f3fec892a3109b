import { READY_AFTER_MS } from '../controllers/application/instance.ts';
import type { ApplicationRow, EventRow, InstanceRow } from '../store/read.ts';
import { conditionOf } from './diagnose.ts';
import { formatDuration } from './duration.ts';
import { keptRevision } from './revision-text.ts';
import { oneLine } from './table.ts';

/** One thing that happened on the way: it replaces an earlier line of the same key. */
export interface ProgressLine {
  key: string;
  mark: '✔' | '✘' | '!';
  text: string;
}

/** Events that tell of the way and are not seen on the instances themselves. */
const TOLD: Record<string, ProgressLine['mark']> = {
  ImagePulled: '✔',
  Unpinned: '✔',
  Resumed: '✔',
  Retried: '✔',
  RolledBack: '!',
  Pinned: '!',
  Paused: '!',
};

/** What an app's rows and latest events show of its way to ready, the oldest first. Pure. */
export function progressOf(
  app: ApplicationRow,
  instances: readonly InstanceRow[],
  events: readonly EventRow[],
  now: Date,
): ProgressLine[] {
  const kept = keptRevision(app);
  const serving = conditionOf(app.conditions, 'Ready')?.status === 'True';
  return [
    ...events.flatMap(eventLine),
    ...instances
      .filter(({ revision }) => revision === kept)
      .flatMap((instance) => instanceLine(app, instance, now)),
    ...(serving && app.rollout?.revision === kept
      ? [
          {
            key: `serving ${kept}`,
            mark: '✔' as const,
            text: `revision ${kept} serving ${app.replicas}/${app.desired_replicas}`,
          },
        ]
      : []),
  ];
}

function eventLine(event: EventRow): ProgressLine[] {
  const { id, reason, severity, message } = event;
  const mark = TOLD[reason] ?? (severity === 'error' || severity === 'critical' ? '✘' : undefined);
  return mark ? [{ key: `event ${id}`, mark, text: pullText(event) ?? oneLine(message) }] : [];
}

/** Which image it is, whoever waits has written. */
function pullText({ reason, details }: EventRow): string | undefined {
  const ms = details?.['durationMs'];
  return reason === 'ImagePulled' && typeof ms === 'number' ? `image pulled ${seconds(ms)}` : undefined;
}

function instanceLine(app: ApplicationRow, instance: InstanceRow, now: Date): ProgressLine[] {
  const name = `${instance.app_name}-${instance.replica_index}`;
  const at = `${name} r${instance.revision}`;
  const line = (state: string, mark: ProgressLine['mark'], text: string): ProgressLine[] => [
    { key: `${state} ${at}`, mark, text: `${name} ${text}` },
  ];
  const { status, health_status: health, started_at: started, finished_at: finished } = instance;
  const times = instance.restarts > 0 ? ` (${instance.restarts + 1} times)` : '';
  if (instance.exit_code !== null && status === 'error') {
    const lived = started && finished ? ` after ${seconds(Date.parse(finished) - Date.parse(started))}` : '';
    const ending = instance.oom_killed ? 'was killed for lack of memory' : `exited ${instance.exit_code}`;
    return line('failed', '✘', `${ending}${lived}${times}`);
  }
  if (status !== 'running') return [];
  if (health === 'unhealthy') return line('failed', '✘', `fails its health check${times}`);
  if (readyAt(app, instance) > now.getTime()) return [];
  const took = seconds(readyAt(app, instance) - Date.parse(instance.created_at));
  return line('ready', '✔', `ready ${took}`);
}

/** As the controller counts it: with a check since it passed, without one after a second of running. */
function readyAt({ spec }: ApplicationRow, instance: InstanceRow): number {
  const { health_status: health, health_since: since, started_at: started } = instance;
  if (spec.healthCheck) return health === 'healthy' && since ? Date.parse(since) : Infinity;
  return started ? Date.parse(started) + READY_AFTER_MS : Infinity;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(Math.max(0, ms) / 1_000).toFixed(1)}s` : formatDuration(ms);
}
