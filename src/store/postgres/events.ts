import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import type { NewEvent } from '../store.ts';
import { incoming, list, type Columns } from './columns.ts';

export const EVENT_COLUMNS: Columns<NewEvent> = [
  ['event_type', 'eventType', 'text'],
  ['event_category', 'eventCategory', 'text'],
  ['reason', 'reason', 'text'],
  ['app_name', 'appName', 'text'],
  ['app_uid', 'appUid', 'uuid'],
  ['container_id', 'containerId', 'text'],
  ['message', 'message', 'text'],
  ['details', 'details', 'jsonb'],
  ['severity', 'severity', 'text'],
  ['timestamp', 'timestamp', 'timestamptz'],
  ['source', 'source', 'text'],
];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function appendEvents(connection: Connection, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await connection.query(`INSERT INTO events (${list(EVENT_COLUMNS)}) ${incoming(EVENT_COLUMNS)}`, [
    toJson(events),
  ]);
}

/** What is no UUID (a label that somebody forged, say) is the uid of no application. */
export async function deletedUids(connection: Connection, uids: readonly string[]): Promise<Set<string>> {
  const candidates = uids.filter((uid) => UUID.test(uid));
  if (candidates.length === 0) return new Set();
  const rows = await connection.query<{ uid: string }>(
    `SELECT DISTINCT app_uid AS uid FROM events
     WHERE reason = 'ApplicationDeleted' AND app_uid IN (SELECT json_array_elements_text(?)::uuid)`,
    [toJson(candidates)],
  );
  return new Set(rows.map(({ uid }) => uid));
}
