import type { Connection } from './database.ts';
import { sendCommand } from './command.ts';
import { appendEvents } from './postgres/events.ts';
import type { NewEvent } from './store.ts';

/** What a person did to an application. */
export type Deed = Pick<NewEvent, 'eventType' | 'reason' | 'message' | 'details'>;

/** Records what was done, and has the running AutoServe look at the app at once; both with the transaction. */
export async function tell(
  connection: Connection,
  { name, uid }: { name: string; uid: string },
  deed: Deed,
): Promise<void> {
  await appendEvents(connection, [
    {
      ...deed,
      eventCategory: 'application',
      appName: name,
      appUid: uid,
      containerId: null,
      severity: 'info',
      timestamp: new Date(),
      source: 'cli',
    },
  ]);
  await sendCommand(connection, { kind: 'reconcile', app: name });
}
