import pino, { type Logger } from 'pino';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { DockerEngine } from './engine/docker/docker-engine.ts';
import type { Engine } from './engine/engine.ts';
import { startLoop, type Loop } from './loop.ts';
import { readSecret } from './manifest/secrets.ts';
import { settlementOf } from './settlement.ts';
import { DirectorySource } from './source/directory.ts';
import { ManifestReader } from './source/manifest-reader.ts';
import type { SyncResult } from './source/synchronizer.ts';
import { listenForCommands } from './store/command.ts';
import { openStorage, type Storage } from './store/storage.ts';
import type { Store } from './store/store.ts';

export interface UpOptions {
  /** Leave when everything is as declared, or cannot be. */
  once: boolean;
  /** With `once`: give up after this long. */
  timeoutSeconds: number | null;
}

const ONCE_LOOK_MS = 100;

/**
 * Runs AutoServe until SIGINT or SIGTERM, or with `once` until everything is as declared; containers keep running then.
 *
 * @returns the exit code: 0 reached, 1 cannot be, 124 timed out
 * @throws AutoServeError when it cannot start: `EngineUnavailable`, `DataDirBusy`, `InstallationBusy` …
 */
export async function up(config: Config, { once, timeoutSeconds }: UpOptions): Promise<number> {
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const aborter = new AbortController();
  stopOnSignal(aborter, logger);
  let lost: Error | undefined;
  const storage = await openStorage({
    ...config,
    logger,
    onLost(error) {
      lost = error;
      aborter.abort();
    },
  });
  try {
    const engine = await openEngine(config, storage.installation.id, logger);
    const { code } = await run(
      config,
      storage,
      engine,
      logger,
      aborter.signal,
      once ? timeoutSeconds : undefined,
    );
    if (lost) throw lost;
    return code;
  } finally {
    await storage.close();
    logger.info('stopped; the containers keep running');
  }
}

/** Runs the loop until `stop` or, with a timeout, until everything is as declared. */
async function run(
  config: Config,
  { url, installation, store }: Storage,
  engine: Engine,
  logger: Logger,
  stop: AbortSignal,
  onceTimeout: number | null | undefined,
): Promise<{ code: number }> {
  const { policy, secretsDir, manifests } = config;
  let synced: SyncResult | undefined;
  const loop = startLoop({
    engine,
    store,
    source: new DirectorySource(manifests, systemClock),
    reader: new ManifestReader({ policy, secretsDir, digestKey: installation.secretDigestKey }),
    clock: systemClock,
    random: Math.random,
    logger,
    resyncMs: config.resyncSeconds * 1_000,
    engineCalls: config.engineCalls,
    confirmPrune: config.confirmPrune,
    onSynced: (result) => (synced = result),
  });
  const commands = listenForCommands(url, (command) => {
    if (command.kind === 'confirm-prune') loop.confirmPrune();
    else loop.manager.changed([command.app]);
  });
  logger.info({ manifests, installation: installation.id, engine: engine.address }, 'watching');
  try {
    if (onceTimeout === undefined) {
      await aborted(stop);
      return { code: 0 };
    }
    return { code: await untilSettled(loop, store, () => synced, stop, onceTimeout) };
  } finally {
    await commands.close();
    await loop.stop();
  }
}

async function untilSettled(
  { manager }: Loop,
  store: Store,
  synced: () => SyncResult | undefined,
  stop: AbortSignal,
  timeoutSeconds: number | null,
): Promise<number> {
  const deadline = timeoutSeconds === null ? Infinity : Date.now() + timeoutSeconds * 1_000;
  for (;;) {
    const result = synced();
    if (result && !result.recheckAt && manager.quiet) {
      const settlement = settlementOf(result, (await store.loadWorld()).applications);
      if (settlement !== 'moving') return settlement === 'reached' ? 0 : 1;
    }
    if (stop.aborted) return 1;
    if (Date.now() >= deadline) return 124;
    await new Promise((resolve) => setTimeout(resolve, ONCE_LOOK_MS));
  }
}

async function openEngine(config: Config, installation: string, logger: Logger): Promise<Engine> {
  const { policy, secretsDir, dockerHost } = config;
  // The Docker client reads this variable, with the ones for TLS beside it, as `docker` does.
  if (dockerHost !== null) process.env['DOCKER_HOST'] = dockerHost;
  const engine = new DockerEngine({
    installation,
    secrets: async ({ key, field }) => readSecret(secretsDir, key, field),
    policy: { hostPaths: policy.allowHostPaths },
    log: logger,
  });
  await engine.ping();
  return engine;
}

/** A first SIGINT or SIGTERM ends in order, a second one at once. */
function stopOnSignal(aborter: AbortController, logger: Logger): void {
  const stop = (signal: NodeJS.Signals): void => {
    if (aborter.signal.aborted) process.exit(1);
    logger.info({ signal }, 'stopping');
    aborter.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
