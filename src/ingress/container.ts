import { createHash } from 'node:crypto';
import { EngineError, type Engine } from '../engine/engine.ts';
import type { IngressContainer, IngressEngine, IngressFile, IngressSpec } from '../engine/ingress-engine.ts';
import { AutoServeError } from '../error.ts';
import type { Configuration } from './configuration.ts';
import {
  CURRENT,
  flag,
  HTTP_PORT,
  LOG_DIRECTORY,
  nginx,
  ROOT,
  SLOT_FILE,
  TLS_PORT,
  type Slot,
} from './layout.ts';
import { slotConfig } from './nginx-config.ts';

/** What the ingress uses of an engine. */
export type NginxEngine = IngressEngine & Pick<Engine, 'createNetwork' | 'resolveImage'>;

/** Where and how nginx runs. */
export interface NginxPlace {
  /** An nginx of 1.22 or later, with awk and sh, a user nobody and a group nogroup beside it: `nginx:1.28-alpine`. */
  image: string;
  /** Address of the engine's host on which requests come in. */
  address: string;
  port: number;
  /** For https; null for none. */
  tlsPort: number | null;
}

/** About 300,000 requests. When nobody reads it, what does not fit is dropped. */
const LOG_BYTES = 16 * 2 ** 20;

/** Codes of what the engine says of an image that it cannot get. */
const NO_IMAGE: ReadonlySet<string> = new Set(['ImageNotFound', 'ImagePullFailed']);

export interface EnsureOptions {
  /** What a new container begins with. */
  first: Configuration;
  /** One that is of no use, however it looks. */
  useless: string | undefined;
  /** No nginx runs; said again when it takes long until one does. */
  onDown: () => void;
  signal: AbortSignal;
}

/**
 * Makes the ingress container run as `place` says, and returns it and whether it is a new one. A container that runs and
 * is as wanted is left alone; another one is replaced.
 */
export async function ensureContainer(
  engine: NginxEngine,
  place: NginxPlace,
  { first, useless, onDown, signal }: EnsureOptions,
): Promise<{ container: IngressContainer; isNew: boolean }> {
  const spec = specOf(place);
  const isAsWanted = ({ id, running, ip, settings }: IngressContainer): boolean =>
    running && ip !== null && settings === spec.settings && id !== useless;
  const before = await engine.findIngress();
  if (before && isAsWanted(before)) return { container: before, isNew: false };
  if (!before?.running) onDown();
  await findImage(engine, place.image, signal, () => before?.running || onDown());
  // A pull takes its time, in which somebody may have started it again.
  const found = await engine.findIngress();
  if (found && isAsWanted(found)) return { container: found, isNew: false };
  if (found) await engine.removeIngress(found.id);
  if (found?.running) onDown();
  await engine.createNetwork();
  const id = await engine.createIngress(spec);
  await engine.putFiles(id, [
    { path: ROOT, directory: true },
    { path: `${ROOT}/temp`, directory: true },
    ...slotFiles('a', first),
    linkTo('a'),
  ]);
  await engine.startIngress(id);
  const container = await engine.findIngress();
  if (container?.id === id) return { container, isNew: true };
  throw new AutoServeError('IngressExited', 'the container of the ingress was removed at once', {
    remedy: 'it is made anew',
  });
}

/** Removes the ingress container; returns whether there was one. */
export async function removeContainer(
  engine: Pick<IngressEngine, 'findIngress' | 'removeIngress'>,
): Promise<boolean> {
  const found = await engine.findIngress();
  if (found) await engine.removeIngress(found.id);
  return found !== undefined;
}

/** Pulls it when it is not there. */
async function findImage(
  engine: NginxEngine,
  image: string,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<void> {
  try {
    await engine.resolveImage(image, 'IfNotPresent', signal, onProgress);
  } catch (error) {
    if (!(error instanceof EngineError) || !NO_IMAGE.has(error.code)) throw error;
    throw new AutoServeError(error.code, `the ingress has no image: ${error.message}`, {
      cause: error,
      remedy: `try \`docker pull ${image}\` on the host, or choose another --ingress-image`,
    });
  }
}

/** A configuration as the files of a slot. */
export function slotFiles(slot: Slot, { files }: Configuration): IngressFile[] {
  const directory = `${ROOT}/${slot}`;
  return [
    { path: directory, directory: true },
    { path: `${directory}/tls`, directory: true },
    raisedFlag(slot),
    { path: `${directory}/slot`, content: slot, mode: 0o644 },
    { path: `${directory}/${SLOT_FILE}`, content: slotConfig(slot), mode: 0o644 },
    ...[...files].map(([name, file]) => ({ path: `${directory}/${name}`, ...file })),
  ];
}

/** What puts a slot in force at nginx's next start or reload. */
export function linkTo(slot: Slot): IngressFile {
  return { path: CURRENT, linkTo: slot };
}

/** What keeps clients on the connections that they have to a slot's workers. */
export function raisedFlag(slot: Slot): IngressFile {
  return { path: flag(slot), directory: true };
}

/** What makes a slot's workers ask clients to connect anew. */
export function loweredFlag(slot: Slot): IngressFile {
  return { path: flag(slot), linkTo: '/' };
}

function specOf({ image, address, port, tlsPort }: NginxPlace): IngressSpec {
  const spec = {
    image,
    command: nginx(CURRENT, '-g', 'daemon off;'),
    published: [
      { containerPort: HTTP_PORT, address, port },
      ...(tlsPort === null ? [] : [{ containerPort: TLS_PORT, address, port: tlsPort }]),
    ],
    memory: [{ path: LOG_DIRECTORY, bytes: LOG_BYTES }],
    // Ends when the requests in hand are answered.
    stopSignal: 'SIGQUIT',
  };
  const settings = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32);
  return { ...spec, settings };
}
