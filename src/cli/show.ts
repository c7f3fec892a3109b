import type { Config } from '../config.ts';
import { readWhereabouts } from '../store/installation.ts';
import { withReader } from './database.ts';
import { missingName } from './missing-app.ts';
import { renderRows } from './render.ts';
import type { Format, Resource } from './resource.ts';

/** Prints rows once. Throws `NotFound` for a name that is not there. */
export async function show<Row extends object>(
  config: Config,
  resource: Resource<Row>,
  name: string | undefined,
  format: Format,
): Promise<void> {
  const { rows, folder } = await withReader(config, async (reader) => {
    const found = await resource.list(reader, name);
    if (found.length > 0) return { rows: found, folder: null };
    const missing = name === undefined ? undefined : await missingName(reader, resource, name);
    if (missing) throw missing;
    return { rows: found, folder: (await readWhereabouts(reader)).manifests };
  });
  const isText = format === 'table' || format === 'wide' || format === 'name';
  if (rows.length > 0 || !isText)
    console.log(renderRows(resource, rows, format, new Date(), process.stdout.columns));
  else
    console.error(
      `no ${resource.words[0]}${name === undefined ? '' : ` of ${name}`}: ${hint(resource.kind, folder ?? config.manifests)}`,
    );
}

function hint(kind: string, folder: string): string {
  if (kind === 'event') return 'nothing has happened yet';
  if (kind === 'instance') return 'autoserve get apps';
  if (kind === 'metric') return 'nothing was measured in this time';
  return `put a manifest into the folder that autoserve up watches (here: ${folder})`;
}
