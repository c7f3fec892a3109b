import { scaledByHand } from '../controllers/scaling/by-hand.ts';
import { explain, type Explained } from '../controllers/scaling/explanation.ts';
import { recordedDecision, recordedInput } from '../controllers/scaling/ledger.ts';
import type { Scaling } from '../manifest/app.gen.ts';
import type { Connection } from '../store/database.ts';
import { listApplications, type ApplicationRow } from '../store/read.ts';
import { lastScaledByHand } from '../store/scale.ts';
import { listScalingDecisions } from '../store/scaling.ts';
import { age } from './duration.ts';
import { missingApp } from './missing-app.ts';
import { alignColumns, oneLine } from './table.ts';
import { wantedCount } from './wanted-count.ts';

/** All that tells why an app has the count it has. This is the JSON of `autoserve why`. */
export interface CountStory extends Explained {
  /** How many there are to be. */
  count: number;
  policy: Scaling;
}

/** Throws `NotFound`. */
export async function readCountStory(reader: Connection, name: string): Promise<CountStory> {
  const [app] = await listApplications(reader, name);
  if (!app) throw await missingApp(reader, name);
  const { scaling } = app.spec;
  const [latest] = await listScalingDecisions(reader, name);
  // An app of this name may have been there before.
  const own = latest?.appUid === app.uid ? latest : undefined;
  return {
    app: name,
    count: wantedCount(app),
    byHand: scaledByHand(scaling, app.scaled_replicas),
    stopped: stoppedBy(app),
    policy: scaling,
    last: own ? { input: recordedInput(own), decision: recordedDecision(own) } : null,
    change: scaling.mode === 'auto' ? await changeByScaler(reader, app) : await changeByHand(reader, app),
  };
}

/** Pure. */
export function whyText(story: CountStory, now: Date): string {
  const { headline, table, notes } = explain(story, story.policy, story.count);
  const looked =
    table.length > 0 && story.last ? [`evaluated ${age(isoOf(story.last.input.now), now)} ago`] : [];
  return [oneLine(headline), ...alignColumns(table), ...notes.map(oneLine), ...looked].join('\n');
}

/** Why there are to be no instances, whatever the policy says. */
function stoppedBy({ deletion_requested_at: deletion, suspended }: ApplicationRow): string | null {
  if (deletion !== null) return 'its manifest is gone';
  return suspended ? 'its manifest suspends it' : null;
}

async function changeByScaler(
  reader: Connection,
  { name, uid }: ApplicationRow,
): Promise<Explained['change']> {
  const [change] = await listScalingDecisions(reader, name, { changesOnly: true });
  if (change?.appUid !== uid) return null;
  const { evaluatedAt, currentReplicas: from, desiredReplicas: to, message } = change;
  return { at: isoOf(evaluatedAt), from, to, message, by: null };
}

/** Only while it holds. */
async function changeByHand(reader: Connection, app: ApplicationRow): Promise<Explained['change']> {
  const change = app.scaled_replicas === null ? undefined : await lastScaledByHand(reader, app);
  return change
    ? { at: isoOf(change.at), from: change.from, to: change.to, message: 'scaled by hand', by: 'cli' }
    : null;
}

function isoOf(moment: Date): string {
  return moment.toISOString();
}
