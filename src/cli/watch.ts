import type { Config } from '../config.ts';
import { follow } from './follow.ts';
import { tellOfWait } from './missing-app.ts';
import { RowStream } from './render.ts';
import type { Format, Resource } from './resource.ts';

/**
 * Prints the rows, and then each row again whenever it changes, until the process is stopped. A name that is not there is
 * waited for.
 */
export async function watch<Row extends object>(
  config: Config,
  resource: Resource<Row>,
  name: string | undefined,
  format: Format,
): Promise<void> {
  const stream = new RowStream(resource, format);
  // Rows without a status, the events, do not end; the oldest only leave the view.
  const ends = resource.columns.some(({ title }) => title === 'STATUS');
  let known: Map<string, Row> | undefined;
  await follow(config, Infinity, async (database) => {
    const rows = new Map((await resource.list(database, name)).map((row) => [resource.nameOf(row), row]));
    if (!known && rows.size === 0 && name !== undefined) await tellOfWait(database, resource, name);
    const before = known ?? new Map<string, Row>();
    const changed = [...rows].filter(([key, row]) => !isSame(row, before.get(key)));
    const gone = ends ? [...before].filter(([key]) => !rows.has(key)) : [];
    const lines = [
      ...changed.map(([, row]) => ({ row, deleted: false })),
      ...gone.map(([, row]) => ({ row, deleted: true })),
    ];
    if (lines.length > 0) console.log(stream.render(lines, new Date(), process.stdout.columns));
    known = rows;
    return false;
  });
}

function isSame(row: object, before: object | undefined): boolean {
  return JSON.stringify(row) === JSON.stringify(before);
}
