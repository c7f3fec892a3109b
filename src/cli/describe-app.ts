import type {
  ApplicationRow,
  EventRow,
  FailureRow,
  InstanceRow,
  ManifestRow,
  RevisionRow,
  ScalingDecisionRow,
} from '../store/read.ts';
import { failureLines, probeCells } from './describe-failure.ts';
import { scalingFacts } from './describe-scaling.ts';
import { obstacleOf } from './diagnose.ts';
import { age, formatDuration } from './duration.ts';
import { foldEvents } from './fold-events.ts';
import { tableLines } from './render.ts';
import { isObserved, readyOf, sourceOf } from './resources/applications.ts';
import { instances as instanceResource } from './resources/instances.ts';
import { imageFacts, rolloutFacts } from './describe-rollout.ts';
import { specLines } from './spec-lines.ts';
import { alignColumns, oneLine } from './table.ts';

/** Everything stored about one app. */
export interface AppStory {
  app: ApplicationRow;
  /** The one that is kept. */
  revision: RevisionRow | undefined;
  /** Where the ingress serves it; null when it does not. */
  url: string | null;
  /** Of the scaler, the last one. */
  decision: ScalingDecisionRow | undefined;
  instances: readonly InstanceRow[];
  /** Of its source path; undefined when the file is gone. */
  manifest: ManifestRow | undefined;
  events: readonly EventRow[];
  /** The last one of each replica, the latest first. */
  failures: readonly FailureRow[];
}

/** An app as text: what it is, its spec, instances, conditions, and events last. Pure. */
export function describeApp(story: AppStory, now: Date): string {
  const { app, instances, manifest, events, failures } = story;
  const conditions = app.conditions.map(({ type, status, reason, lastTransitionTime, message }) => [
    type,
    status,
    reason,
    age(lastTransitionTime, now),
    oneLine(message),
  ]);
  const next = nextCommand(app, instances, manifest);
  return [
    ...section(`App ${app.name}`, alignColumns(factsOf(story, now))),
    ...section('Spec', alignColumns(specLines(app.spec).map(([label, value]) => [label, oneLine(value)]))),
    ...section(
      'Instances',
      instances.length > 0 ? tableLines(instanceResource, instances, 'wide', now) : ['none'],
    ),
    ...section('Probes', alignColumns(probeCells(instances, now))),
    ...section('Last failure', failureLines(failures[0], now)),
    ...section('Conditions', alignColumns([['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], ...conditions])),
    ...section('Manifest', problemLines(manifest)),
    ...section('Events', eventLines(events, now)),
    ...(next === undefined ? [] : [`Next: ${next}`]),
  ]
    .join('\n')
    .trimEnd();
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function factsOf({ app, revision, decision, url }: AppStory, now: Date): string[][] {
  const acted = app.observed_generation === app.generation ? '' : `, acted on ${app.observed_generation}`;
  const deleted = app.deletion_requested_at;
  return [
    ['status', `${isObserved(app) ? app.status : 'unknown'}, ${readyOf(app)} ready`],
    ['revision', `${app.revision} (generation ${app.generation}${acted})`],
    ...imageFacts(revision),
    ...rolloutFacts(app, now),
    ...scalingFacts(app, decision, now),
    ...(url === null ? [] : [['url', url]]),
    ['source', sourceOf(app) ?? '-'],
    ['age', age(app.created_at, now)],
    ...(deleted ? [['removal', `requested ${age(deleted, now)} ago`]] : []),
  ];
}

function problemLines(manifest: ManifestRow | undefined): string[] {
  if (!manifest) return [];
  const lines = (severity: string, problems: ManifestRow['errors']) =>
    problems.map(({ line, column, message }) => {
      const place = line === null ? manifest.path : `${manifest.path}:${line}:${column ?? 1}`;
      return `${place}  ${severity}  ${oneLine(message)}`;
    });
  return [...lines('error', manifest.errors), ...lines('warning', manifest.warnings)];
}

function eventLines(events: readonly EventRow[], now: Date): string[] {
  return alignColumns(
    foldEvents(events).map(({ event, count, spanMs }) => [
      age(event.timestamp, now),
      event.severity,
      event.reason,
      oneLine(event.message) + (count > 1 ? `  x${count} over ${formatDuration(spanMs)}` : ''),
    ]),
  );
}

/** The command that tells more, or mends, what keeps an app from being ready; undefined when nothing does. */
function nextCommand(
  { name, spec, conditions, revision }: ApplicationRow,
  instances: readonly InstanceRow[],
  manifest: ManifestRow | undefined,
): string | undefined {
  if (manifest?.status === 'error') return 'autoserve validate';
  const obstacle = obstacleOf(conditions);
  if (obstacle?.type === 'RouteServed') return 'autoserve get events';
  switch (obstacle?.reason) {
    case undefined:
      return undefined;
    case 'PruneHeld':
      return 'autoserve sync --confirm-prune';
    case 'ImageNotFound':
    case 'ImagePullFailed':
      return `docker pull ${spec.spec.image}`;
    case 'EngineUnavailable':
      return 'docker info';
    case 'Pinned':
      return `autoserve rollback app ${name} --to ${revision}, or change the manifest`;
    case 'Quarantined':
      return `change the manifest, or autoserve retry app ${name}`;
    case 'ProgressDeadlineExceeded':
      return `autoserve logs app ${name} --previous`;
    case 'CrashLoop': {
      const crashed = instances.some(
        ({ status, container_id }) => status === 'error' && container_id !== null,
      );
      return `autoserve logs app ${name}${crashed ? '' : ' --previous'}`;
    }
    default:
      return `autoserve get events ${name}`;
  }
}
