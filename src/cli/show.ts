import type { Config } from '../config.ts';
import { AutoServeError } from '../error.ts';
import { listApplications } from '../store/read.ts';
import { withReader } from './database.ts';
import { missingApp } from './missing-app.ts';
import { renderRows } from './render.ts';
import type { Format, Resource } from './resource.ts';

/** Prints rows once. Throws `NotFound` for a name that is not there. */
export async function show<Row extends object>(
  config: Config,
  resource: Resource<Row>,
  name: string | undefined,
  format: Format,
): Promise<void> {
  const rows = await withReader(config, async (reader) => {
    const found = await resource.list(reader, name);
    if (found.length > 0 || name === undefined) return found;
    if (!resource.byApp)
      throw new AutoServeError('NotFound', `${resource.kind} "${name}" not found`, {
        remedy: `autoserve get ${resource.words[0]}`,
      });
    // That an app has none is an answer; that there is no such app is none.
    const [app] = await listApplications(reader, name);
    if (!app) throw await missingApp(reader, name);
    return found;
  });
  const isText = format === 'table' || format === 'wide' || format === 'name';
  if (rows.length > 0 || !isText)
    console.log(renderRows(resource, rows, format, new Date(), process.stdout.columns));
  else
    console.error(
      `no ${resource.words[0]}${name === undefined ? '' : ` of ${name}`}: ${hint(resource.kind, config)}`,
    );
}

function hint(kind: string, config: Config): string {
  if (kind === 'event') return 'nothing has happened yet';
  if (kind === 'instance') return 'autoserve get apps';
  if (kind === 'metric') return 'nothing was measured in this time';
  return `put a manifest into the folder that autoserve up watches (here: ${config.manifests})`;
}
