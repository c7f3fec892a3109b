import type { Clock } from '../clock.ts';
import { EngineError } from '../engine/engine.ts';
import type { IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError } from '../error.ts';
import type { Certificate } from './certificate.ts';
import type { Configuration } from './configuration.ts';
import { linkTo, loweredFlag, raisedFlag, slotFiles } from './container.ts';
import { CURRENT, nginx, ROOT, slots, type Slot } from './layout.ts';
import { partingTime } from './parting.ts';
import { pause } from './pause.ts';
import { ConfigurationRefused, culpritOf } from './refusal.ts';
import type { RoutingTable } from './routes.ts';

/** nginx takes a reload in a tenth of a second; a host in distress may need much longer. */
const TAKEN_MS = 15_000;
const LOOK_MS = 50;
/** The title of a worker that takes requests; one of an earlier configuration says that it is shutting down. */
const WORKER = 'nginx: worker process';

/** A configuration, and what it was made of, to tell whose a complaint is. */
export interface Candidate {
  configuration: Configuration;
  table: RoutingTable;
  certificates: readonly Certificate[];
}

/** The slot that is in force, and whether clients may have connections by it: how many idle ones, null where nobody knows. */
export interface Incumbent {
  slot: Slot;
  used: boolean;
  idle: () => Promise<number | null>;
}

/**
 * Puts a configuration in force in a running container: written beside the one that serves, tested there, and only then
 * made the one that nginx loads. Resolves, with its slot, when no worker takes a request by an earlier one. Throws
 * `ConfigurationRefused`, `ReloadNotTaken` and what the engine throws; the earlier one then goes on serving.
 */
export async function deploy(
  engine: IngressEngine,
  id: string,
  { slot: serving, used, idle }: Incumbent,
  { configuration, table }: Omit<Candidate, 'certificates'>,
  clock: Clock,
): Promise<Slot> {
  const candidate = slots[(slots.indexOf(serving) + 1) % slots.length] ?? 'a';
  await engine.putFiles(id, slotFiles(candidate, configuration));
  const test = await engine.run(id, nginx(`${ROOT}/${candidate}`, '-t', '-q'));
  if (test.exitCode !== 0) {
    throw new ConfigurationRefused(test.output, culpritOf(test.output, configuration, table));
  }
  const before = await workers(engine, id);
  await engine.putFiles(id, [linkTo(candidate), loweredFlag(serving)]);
  if (used) await partingTime(clock, idle);
  await engine.signalIngress(id, 'SIGHUP');
  if (await taken(engine, id, before, clock)) return candidate;
  await engine.putFiles(id, [linkTo(serving), raisedFlag(serving)]);
  const said = (await engine.ingressOutput(id, 20)).trim();
  throw new AutoServeError('ReloadNotTaken', `nginx did not take its new configuration: ${said}`, {
    remedy: 'see `docker logs` of the ingress container',
  });
}

/**
 * The slot that nginx would load in a container that somebody else has served, and the generation in force: `loaded`,
 * unless the other one was ended in the middle of a reload, so that the slot is another one and clients are sent away.
 */
export async function servingSlot(
  engine: IngressEngine,
  id: string,
  loaded: string | undefined,
): Promise<{ slot: Slot; generation: string | undefined }> {
  const [name, written] = await Promise.all([
    engine.readFile(id, `${CURRENT}/slot`),
    engine.readFile(id, `${CURRENT}/nginx.conf`),
  ]);
  const isWritten = loaded !== undefined && written?.includes(`"${loaded}\\n"`);
  return { slot: slots.find((slot) => slot === name) ?? 'a', generation: isWritten ? loaded : undefined };
}

/** Resolves when nginx takes requests after its start. Throws `IngressExited` when it ends instead. */
export async function awaitStart(engine: IngressEngine, id: string, clock: Clock): Promise<void> {
  const deadline = clock.now().getTime() + TAKEN_MS;
  for (;;) {
    const container = await engine.findIngress();
    const running = container?.id === id && container.running;
    if (!running || clock.now().getTime() > deadline) {
      const said = container?.id === id ? (await engine.ingressOutput(id, 20)).trim() : 'it was removed';
      throw new AutoServeError('IngressExited', `nginx does not start: ${said}`, {
        remedy: 'see `docker logs` of the ingress container, or choose another --ingress-image',
      });
    }
    if ((await workersIfRunning(engine, id)).size > 0) return;
    await pause(clock, LOOK_MS);
  }
}

/** None also when the container has ended a moment ago: the engine refuses to list its processes then. */
async function workersIfRunning(engine: IngressEngine, id: string): Promise<Set<number>> {
  try {
    return await workers(engine, id);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'EngineRefused') return new Set();
    throw error;
  }
}

/** Whether workers have taken over from all of `before`. */
async function taken(
  engine: IngressEngine,
  id: string,
  before: ReadonlySet<number>,
  clock: Clock,
): Promise<boolean> {
  const deadline = clock.now().getTime() + TAKEN_MS;
  while (clock.now().getTime() < deadline) {
    await pause(clock, LOOK_MS);
    const now = await workers(engine, id);
    if (now.size > 0 && [...now].every((pid) => !before.has(pid))) return true;
  }
  return false;
}

async function workers(engine: IngressEngine, id: string): Promise<Set<number>> {
  const processes = await engine.processes(id);
  return new Set(processes.filter(({ command }) => command.trim() === WORKER).map(({ pid }) => pid));
}
