/**
 * `npm run demo [-- --keep]`: from a fresh clone to running sample apps. Makes sure of Docker, of the demo image and of
 * the build, starts AutoServe on `manifests/` in the background and shows a table until every app runs. With `--keep`
 * it stays in the foreground, table and all, until Ctrl-C. What is there already is left as it is.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Docker from 'dockerode';
import { parseAllDocuments } from 'yaml';
import { buildDemoImage } from './demo-image.ts';
import {
  CLI,
  DATA_DIR,
  LOG,
  MANIFESTS,
  ROOT,
  runningAutoServe,
  startAutoServe,
  stopAutoServe,
} from './demo-installation.ts';
import {
  LiveTable,
  readApps,
  readInstances,
  runs,
  tableLines,
  type AppRow,
  type InstanceRow,
} from './demo-status.ts';

const DEADLINE_MS = 180_000;
const POLL_MS = 300;
const REFRESH_MS = 2000;
/** What the build is made of. */
const BUILD_INPUTS = ['src', 'migrations', 'knexfile.ts', 'tsconfig.json', 'package.json'];

const keep = process.argv.includes('--keep');
const began = Date.now();
const table = new LiveTable();

execFileSync(join(ROOT, 'scripts/docker-engine.sh'), { stdio: 'inherit' });
console.log(`Image autoserve/demo-web:1: ${await buildDemoImage(new Docker(), '1')}`);
if (buildIsStale()) {
  await stopAutoServe();
  console.log('Building AutoServe');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
}
if (runningAutoServe() === undefined) startAutoServe();
const apps = declaredApps();
const names = [...apps.keys()];
try {
  await untilAllRun();
} catch (error) {
  console.error(
    `${error instanceof Error ? error.message : String(error)}\nThe end of ${LOG}:\n${endOfLog()}`,
  );
  process.exit(1);
}
console.log(`All ${names.length} apps run after ${((Date.now() - began) / 1000).toFixed(1)} s.\n`);
await printWhereAndNext();
if (keep) await stayInForeground();

/** Whether the build is missing or older than what it is made of. */
function buildIsStale(): boolean {
  if (!existsSync(CLI)) return true;
  const built = statSync(CLI).mtimeMs;
  const inputs = BUILD_INPUTS.flatMap((name) => {
    const path = join(ROOT, name);
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((file) => join(path, file));
  });
  return inputs.some((path) => statSync(path).mtimeMs > built);
}

/** Names of the sample apps, with the protocol each of them speaks. */
function declaredApps(): Map<string, 'http' | 'tcp'> {
  const files = readdirSync(MANIFESTS).filter((file) => /\.(ya?ml|json)$/.test(file));
  const documents = files.flatMap((file) => parseAllDocuments(readFileSync(join(MANIFESTS, file), 'utf8')));
  const declared = documents.map((document): [string, 'http' | 'tcp'] => [
    String(document.getIn(['metadata', 'name'])),
    document.getIn(['spec', 'type']) === 'tcp' ? 'tcp' : 'http',
  ]);
  return new Map(declared.toSorted(([a], [b]) => a.localeCompare(b)));
}

async function untilAllRun(): Promise<void> {
  for (;;) {
    const seen = await appsOrTrouble();
    if (Array.isArray(seen)) {
      table.show(tableLines(names, seen));
      if (names.every((name) => seen.some((app) => app.name === name && runs(app)))) return;
    }
    if (runningAutoServe() === undefined) throw new Error('AutoServe has ended before every app ran.');
    if (Date.now() - began > DEADLINE_MS) {
      throw new Error(
        `Not every app ran within ${DEADLINE_MS / 1000} s. ${Array.isArray(seen) ? '' : seen.message}`,
      );
    }
    await setTimeout(POLL_MS);
  }
}

/** The apps, or why they cannot be read: until the database has started, that is no failure. */
async function appsOrTrouble(): Promise<AppRow[] | Error> {
  try {
    return await readApps();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function endOfLog(): string {
  return readFileSync(LOG, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
}

async function printWhereAndNext(): Promise<void> {
  const instances = (await readInstances()).filter(({ status }) => status === 'running');
  console.log('Where the apps are:');
  for (const instance of instances) {
    console.log(`  ${instance.container_name.padEnd(16)}  ${addressOf(instance)}`);
  }
  const web = instances.find(({ app_name: app, port }) => port !== null && apps.get(app) === 'http');
  console.log(`
So that the commands below find it:
  export AUTOSERVE_DATA_DIR=${DATA_DIR}

The database:
  psql "$(npx autoserve db url)" -c 'SELECT name, status, replicas, desired_replicas FROM applications'

What to try next:${web ? `\n  curl ${addressOf(web)}` : ''}
  docker rm -f ${instances[0]?.container_name}, then npx autoserve get instances: it is replaced
  Change replicas in manifests/hello.yaml, then npx autoserve get apps
  npx autoserve get events
  npm run demo:clean, which stops AutoServe and removes all of this
`);
  if (!keep) console.log(`AutoServe goes on in the background: process ${runningAutoServe()}, log ${LOG}`);
}

function addressOf({ app_name: app, container_name: name, ip, port }: InstanceRow): string {
  if (port === null) return `serves nothing: docker logs ${name}`;
  return apps.get(app) === 'tcp' ? `tcp ${ip}:${port}` : `http://${ip}:${port}`;
}

async function stayInForeground(): Promise<void> {
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort()).once('SIGTERM', () => ended.abort());
  console.log('AutoServe runs until Ctrl-C; the containers stay.\n');
  const current = new LiveTable();
  while (!ended.signal.aborted) {
    if (runningAutoServe() === undefined) throw new Error(`AutoServe has ended: see ${LOG}`);
    const seen = await appsOrTrouble();
    current.show(Array.isArray(seen) ? tableLines(names, seen) : [`  ${seen.message}`]);
    await Promise.race([setTimeout(REFRESH_MS), once(ended.signal, 'abort')]);
  }
  await stopAutoServe();
}
