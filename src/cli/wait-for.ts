import type { Config } from '../config.ts';
import { AutoServeError } from '../error.ts';
import type { Connection } from '../store/database.ts';
import {
  listApplications,
  listEvents,
  listInstances,
  listManifests,
  listRevisions,
  type ApplicationRow,
  type EventRow,
  type InstanceRow,
} from '../store/read.ts';
import { readWhereabouts } from '../store/installation.ts';
import { isAnyoneActing } from '../store/installation-lock.ts';
import { exitCodes } from './exit.ts';
import { follow } from './follow.ts';
import { LiveLines } from './live-lines.ts';
import { PullStatus } from './pull-status.ts';
import { progressOf, type ProgressLine } from './rollout-progress.ts';
import { rejectedManifest } from './missing-app.ts';
import { unreadManifest } from './unread-manifest.ts';
import { judgeUnattended, judgeUnread, judgeWait, type Goal } from './wait-verdict.ts';

export interface Wait {
  goal: Goal;
  name: string;
  /** As it was given. */
  timeout: string;
  timeoutMs: number;
}

/**
 * Waits until an app is where it is to be, and shows on stderr what happens on the way, through a rollback if it comes to
 * that. A rollback is no success: exit code 1. Throws `WaitFailed`, `Timeout`.
 */
export async function waitFor(config: Config, { goal, name, timeout, timeoutMs }: Wait): Promise<void> {
  const place = `app/${name}`;
  const live = new LiveLines();
  const pull = new PullStatus();
  let last = judgeWait(goal, name, undefined, undefined);
  let lastEvent: number | undefined;
  const show = (lines: readonly ProgressLine[]): void => {
    if (last.outcome !== 'waiting') return live.update(lines, '');
    const pulling = pull.at(new Date());
    live.update(lines, `${place}: ${pulling?.text ?? last.message}`, pulling?.detail);
  };
  const look = async (database: Connection): Promise<boolean> => {
    const [[app], manifests, revisions, isAttended, { manifests: folder }] = await Promise.all([
      listApplications(database, name),
      listManifests(database),
      listRevisions(database, name),
      isAnyoneActing(database),
      readWhereabouts(database),
    ]);
    const manifest = app
      ? manifests.find(({ path }) => path === app.source_path)
      : rejectedManifest(manifests);
    const unread = goal === 'ready' && manifest && (await unreadManifest(folder, manifest));
    const verdict = unread ? judgeUnread(unread) : judgeWait(goal, name, app, manifest, revisions);
    last = isAttended ? verdict : judgeUnattended(goal, verdict);
    if (app && goal === 'ready') {
      const [instances, events] = await Promise.all([
        listInstances(database, name),
        listEvents(database, name, { after: lastEvent ?? 0 }),
      ]);
      if (lastEvent === undefined) live.know(progressBefore(app, instances, events));
      lastEvent = Math.max(lastEvent ?? 0, ...events.map(({ id }) => id));
      pull.end(events);
      show(progressOf(app, instances, events, new Date()));
    } else show([]);
    return last.outcome !== 'waiting';
  };
  const ended = await follow(config, timeoutMs, look, (notice) => {
    if (notice.appName !== name || goal !== 'ready') return;
    pull.hear(notice, new Date());
    show([]);
  });
  live.update([], '');
  if (!ended)
    throw new AutoServeError('Timeout', `${place} is not ${goal} after ${timeout}: ${last.message}`, {
      remedy: last.remedy,
    });
  if (last.outcome === 'failed')
    throw new AutoServeError('WaitFailed', `${place}: ${last.message}`, { remedy: last.remedy });
  if (last.outcome === 'reached') console.log(`${place} ${last.message}`);
  else {
    console.error(`${place} ${last.message}   ${last.remedy}`);
    process.exitCode = exitCodes.failed;
  }
}

/** What was so before: everything, unless a rollout is on its way, of which all is news. */
function progressBefore(
  app: ApplicationRow,
  instances: readonly InstanceRow[],
  events: readonly EventRow[],
): ProgressLine[] {
  const { rollout } = app;
  if (rollout?.outcome !== 'progressing') return progressOf(app, instances, events, new Date());
  const before = events.filter(({ timestamp }) => timestamp < rollout.startedAt);
  return progressOf(app, [], before, new Date());
}
