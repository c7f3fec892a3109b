import type { Config } from '../config.ts';
import { listEvents } from '../store/read.ts';
import { follow } from './follow.ts';
import { tellOfWait } from './missing-app.ts';
import { RowStream } from './render.ts';
import type { Format } from './resource.ts';
import { events as resource } from './resources/events.ts';

/** More than happens between two looks. */
const MOST = 10_000;

/**
 * Prints the last events, and each one that comes, once, until the process is stopped. An app that is not there is waited
 * for.
 */
export async function followEvents(config: Config, app: string | undefined, format: Format): Promise<void> {
  const stream = new RowStream(resource, format);
  let last: number | undefined;
  await follow(config, Infinity, async (database) => {
    const rows = await listEvents(database, app, last === undefined ? {} : { after: last, limit: MOST });
    if (last === undefined && rows.length === 0 && app !== undefined)
      await tellOfWait(database, resource, app);
    if (rows.length > 0)
      console.log(
        stream.render(
          rows.map((row) => ({ row, deleted: false })),
          new Date(),
        ),
      );
    last = Math.max(last ?? 0, ...rows.map(({ id }) => id));
    return false;
  });
}
