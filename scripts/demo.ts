/**
 * `npm run demo [-- --load] [-- --keep]`: from a fresh clone to running sample apps. Makes sure of Docker, of the images
 * and of the build, starts AutoServe on `manifests/` in the background and shows a table until every app runs. With
 * `--load` an app scales out and in. With `--keep` it stays in the foreground, table and all, until Ctrl-C. What is
 * there already is left as it is.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Docker from 'dockerode';
import { parseAllDocuments } from 'yaml';
import { buildDemoImage } from './demo-image.ts';
import {
  CLI,
  LOG,
  MANIFESTS,
  ROOT,
  runningAutoServe,
  startAutoServe,
  stopAutoServe,
} from './demo-installation.ts';
import { showScaling } from './demo-load.ts';
import { placeOf, whereAndNext } from './demo-next.ts';
import { demoPorts } from './demo-ports.ts';
import { LiveTable, readApps, readInstances, runs, tableLines, type AppRow } from './demo-status.ts';
import { ingressImage } from './ingress-image.ts';
import { ask } from './load.ts';

const DEADLINE_MS = 180_000;
const POLL_MS = 300;
const REFRESH_MS = 2000;
/** What the build is made of. */
const BUILD_INPUTS = ['src', 'migrations', 'knexfile.ts', 'tsconfig.json', 'package.json'];

const keep = process.argv.includes('--keep');
const load = process.argv.includes('--load');
const docker = new Docker();
const began = Date.now();
const table = new LiveTable();

execFileSync(join(ROOT, 'scripts/docker-engine.sh'), { stdio: 'inherit' });
console.log(`Image autoserve/demo-web:1: ${await buildDemoImage(docker, '1')}`);
const nginx = await ingressImage(docker);
console.log(`Image ${nginx.image}: ${nginx.state}`);
if (buildIsStale()) {
  await stopAutoServe();
  console.log('Building AutoServe');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
}
const ports = await demoPorts(docker);
if (runningAutoServe() === undefined) startAutoServe(ports, nginx.image);
const names = declaredNames();
let apps: AppRow[];
try {
  apps = await untilAllRun();
} catch (error) {
  console.error(
    `${error instanceof Error ? error.message : String(error)}\nThe end of ${LOG}:\n${endOfLog()}`,
  );
  process.exit(1);
}
console.log(`All ${names.length} apps run after ${((Date.now() - began) / 1000).toFixed(1)} s.\n`);
const running = (await readInstances()).filter(({ status }) => status === 'running');
console.log(whereAndNext(apps, running, ports));
if (load) await scale();
if (!keep) console.log(`AutoServe goes on in the background: process ${runningAutoServe()}, log ${LOG}`);
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

function declaredNames(): string[] {
  const files = readdirSync(MANIFESTS).filter((file) => /\.(ya?ml|json)$/.test(file));
  const documents = files.flatMap((file) => parseAllDocuments(readFileSync(join(MANIFESTS, file), 'utf8')));
  return documents.map((document) => String(document.getIn(['metadata', 'name']))).toSorted();
}

/** Returns when every app runs, and answers through the ingress if it is to. */
async function untilAllRun(): Promise<AppRow[]> {
  for (;;) {
    const seen = await appsOrTrouble();
    if (Array.isArray(seen)) {
      table.show(tableLines(names, seen));
      const all = names.every((name) => seen.some((app) => app.name === name && runs(app)));
      if (all && (await allAnswer(seen))) return seen;
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

async function allAnswer(seen: readonly AppRow[]): Promise<boolean> {
  const places = seen.flatMap((app) => placeOf(app) ?? []);
  const failures = await Promise.all(places.map((place) => ask({ port: ports.ingress, ...place })));
  return failures.every((failure) => failure === null);
}

async function scale(): Promise<void> {
  const app = apps.find(({ spec }) => spec.scaling.mode === 'auto');
  const place = app && placeOf(app);
  if (!place) throw new Error(`no manifest in ${MANIFESTS} is of type http and mode auto`);
  await showScaling(app, place, ports.ingress);
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

async function stayInForeground(): Promise<void> {
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort()).once('SIGTERM', () => ended.abort());
  console.log('AutoServe runs until Ctrl-C; the containers stay.\n');
  const current = new LiveTable();
  while (!ended.signal.aborted) {
    if (runningAutoServe() === undefined) throw new Error(`AutoServe has ended: see ${LOG}`);
    const seen = await appsOrTrouble();
    current.show(Array.isArray(seen) ? tableLines(names, seen) : [`  ${seen.message}`]);
    // Rejects when it is over, and only then.
    await setTimeout(REFRESH_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
  await stopAutoServe();
}
