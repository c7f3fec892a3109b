import type { Config } from '../config.ts';
import type { LogLine } from '../engine/engine.ts';
import { AutoServeError, messageOf } from '../error.ts';
import { findInstallation } from '../store/installation.ts';
import type { Connection } from '../store/database.ts';
import { listApplications, listFailures, listInstances } from '../store/read.ts';
import { withDatabase } from './database.ts';
import { logLines } from './describe-failure.ts';
import { openEngine } from './engine.ts';
import { follow } from './follow.ts';
import { mergeByTime } from './merge-logs.ts';
import { missingApp } from './missing-app.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import { oneLine } from './table.ts';

export interface LogOptions {
  follow: boolean;
  /** Only this instance, by container name or replica index. */
  instance: string | undefined;
  /** Lines of each instance, the last ones. */
  tail: number | undefined;
  since: Date | undefined;
}

interface Writer {
  name: string;
  containerId: string;
}

/** Prints what an app's instances wrote and, following, what they and those that come go on to write. Throws `NotFound`. */
export async function showLogs(config: Config, app: string, options: LogOptions): Promise<void> {
  const [installation, writers] = await withDatabase(config, async (database) => [
    await findInstallation(database),
    await findWriters(database, app, options),
  ]);
  if (!installation || writers.length === 0) {
    if (options.instance !== undefined || !options.follow) throw nothingToShow(app, options);
    console.error(`app/${app} has no instances yet`);
  }
  if (!installation) return;
  const engine = openEngine(config, installation);
  const lines = new PrefixedLines();
  const never = new AbortController().signal;
  const { tail, since } = options;
  const logOf = ({ containerId }: Writer): AsyncIterable<LogLine> =>
    engine.followLogs(
      containerId,
      { follow: options.follow, ...(tail !== undefined && { tail }), ...(since && { since }) },
      never,
    );
  lines.introduce(writers.map(({ name }) => name));
  if (!options.follow) {
    const logs = writers.map((writer) => ({ from: writer.name, lines: logOf(writer) }));
    for await (const { from, line } of mergeByTime(logs)) await lines.print(from, line.line);
    return;
  }
  const pump = async (writer: Writer): Promise<void> => {
    for await (const { line } of logOf(writer)) await lines.print(writer.name, line);
  };
  const followed = new Set<string>();
  await follow(config, Infinity, async (database) => {
    const present = await findWriters(database, app, options);
    const come = present.filter(({ containerId }) => !followed.has(containerId));
    lines.introduce(come.map(({ name }) => name));
    for (const writer of come) {
      followed.add(writer.containerId);
      // An instance that is removed meanwhile must not end the view of the others.
      void pump(writer).catch((error: unknown) => console.error(`${writer.name}: ${messageOf(error)}`));
    }
    return false;
  });
}

/** Prints what was kept of the last failure of each replica. Throws `NotFound` when there is none. */
export async function showFailures(config: Config, app: string, options: LogOptions): Promise<void> {
  const failures = await withDatabase(config, async (database) => {
    const rows = await listFailures(database, app);
    return rows.filter((row) => isMeant(row, options)).toReversed();
  });
  if (failures.length === 0)
    throw new AutoServeError('NotFound', `nothing is kept of a failure of app/${app}`, {
      remedy: `autoserve logs app ${app}`,
    });
  const lines = new PrefixedLines();
  lines.introduce(failures.map((row) => row.container_name));
  for (const { container_name: name, logs, log_error: error } of failures) {
    if (error !== null) console.error(`${name}: nothing it printed could be kept: ${oneLine(error)}`);
    const written = logLines(logs);
    const { tail = written.length } = options;
    for (const line of tail === 0 ? [] : written.slice(-tail)) await lines.print(name, line);
  }
}

async function findWriters(connection: Connection, app: string, options: LogOptions): Promise<Writer[]> {
  const [[application], instances] = await Promise.all([
    listApplications(connection, app),
    listInstances(connection, app),
  ]);
  if (!application) throw await missingApp(connection, app);
  return instances
    .filter((row) => isMeant(row, options))
    .flatMap(({ container_name: name, container_id: containerId }) =>
      containerId === null ? [] : [{ name, containerId }],
    );
}

function isMeant(
  { container_name: name, replica_index: index }: { container_name: string; replica_index: number },
  { instance }: LogOptions,
): boolean {
  return instance === undefined || instance === name || instance === String(index);
}

function nothingToShow(app: string, { instance }: LogOptions): AutoServeError {
  const what = instance === undefined ? 'no instances' : `no instance ${instance}`;
  return new AutoServeError('NotFound', `app/${app} has ${what} now`, {
    remedy: `autoserve get instances ${app}, or autoserve logs app ${app} --previous`,
  });
}
