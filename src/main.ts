import type { Logger } from 'pino';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { probeInstance } from './controllers/health/probe.ts';
import { RetentionController } from './controllers/retention/controller.ts';
import { DockerEngine } from './engine/docker/docker-engine.ts';
import { chooseDockerHost } from './engine/docker/docker-host.ts';
import { DockerIngress } from './engine/docker/docker-ingress.ts';
import type { Engine } from './engine/engine.ts';
import { messageOf } from './error.ts';
import { removeContainer } from './ingress/container.ts';
import { ingressEvent } from './ingress/event.ts';
import { Ingress, type IngressOptions } from './ingress/ingress.ts';
import { openLog } from './log.ts';
import { startLoop, type Loop } from './loop.ts';
import { instrumentEngine } from './metrics/instrumented-engine.ts';
import { readSecret } from './manifest/secrets.ts';
import { applicationProblems, settlementOf, syncProblems } from './settlement.ts';
import { DirectorySource } from './source/directory.ts';
import { ManifestReader } from './source/manifest-reader.ts';
import type { SyncResult } from './source/synchronizer.ts';
import { listenForCommands } from './store/command.ts';
import type { Database } from './store/database.ts';
import { writeWhereabouts } from './store/installation.ts';
import { replicaEvent } from './store/replica/event.ts';
import { Replica } from './store/replica/replica.ts';
import { openStorage, type Storage } from './store/storage.ts';
import { lastScalingDecisions } from './store/scaling.ts';
import type { Store } from './store/store.ts';
import { Telemetry } from './telemetry.ts';

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
  const logger = await openLog(config.logLevel);
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
    const code = await run(
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
  { url, database, installation, store }: Storage,
  engine: Engine,
  logger: Logger,
  stop: AbortSignal,
  onceTimeout: number | null | undefined,
): Promise<number> {
  const { policy, secretsDir, manifests } = config;
  let synced: SyncResult | undefined;
  const telemetry = new Telemetry({ engine, database, clock: systemClock, logger });
  const lastDecisions = await lastScalingDecisions(database);
  // Before anything is acted on: who cannot be seen is not to begin.
  if (config.listen) await telemetry.listen(config.listen, config.resyncSeconds * 1_000);
  // Made before it is needed, so that the first application does not wait for it; a lost one is in the plans.
  if (config.mode === 'enforce') await engine.createNetwork();
  await removeUnwantedIngress(config, installation.id, logger);
  const ingress = openIngress(config, installation.id, engine, logger, {
    onEvent: (event) => loop.record(ingressEvent(event, systemClock.now())),
    onState: (state) => loop.serviceChanged(state),
  });
  const loop = startLoop({
    engine: instrumentEngine(engine, telemetry.prometheus),
    store,
    source: new DirectorySource(manifests, systemClock),
    reader: new ManifestReader({ policy, secretsDir, digestKey: installation.secretDigestKey }),
    probe: probeInstance,
    clock: systemClock,
    random: Math.random,
    logger,
    resyncMs: config.resyncSeconds * 1_000,
    engineCalls: config.engineCalls,
    mode: config.mode,
    proxy: ingress,
    samplesOf: (app, seconds) => telemetry.samplesOf(app, seconds),
    lastDecisions,
    instrumentation: telemetry.prometheus,
    confirmPrune: config.confirmPrune,
    onSynced(result) {
      const said = new Set(synced && syncProblems(synced));
      for (const problem of syncProblems(result)) if (!said.has(problem)) logger.error(problem);
      synced = result;
    },
  });
  const commands = listenForCommands(url, (command) => {
    if (command.kind === 'confirm-prune') loop.confirmPrune();
    else loop.manager.changed([command.app]);
  });
  const replica = watchReplica(config, database, loop, logger);
  const retention = new RetentionController({
    ...config.retention,
    connection: database,
    clock: systemClock,
    logger,
  });
  try {
    retention.start();
    await writeWhereabouts(database, { ingressPort: config.ingress.port || null, manifests });
    await ingress?.resume();
    await telemetry.start(loop, ingress);
    logger.info(
      { manifests, installation: installation.id, engine: engine.address },
      config.mode === 'observe' ? 'watching, and only reporting what would be done' : 'watching',
    );
    if (onceTimeout === undefined) {
      await aborted(stop);
      return 0;
    }
    return await untilSettled(loop, store, () => synced, stop, onceTimeout, logger);
  } finally {
    await commands.close();
    await retention.stop();
    await replica?.close();
    await telemetry.stop();
    await loop.stop();
    await ingress?.close();
  }
}

/** Readers judge the replica themselves; here it is watched, so that its loss is recorded though nobody reads. */
function watchReplica(
  { replica: config }: Config,
  primary: Database,
  loop: Loop,
  logger: Logger,
): Replica | undefined {
  if (!config) return undefined;
  const replica = new Replica({
    ...config,
    primary,
    onChange(finding) {
      const event = replicaEvent(finding, systemClock.now());
      // What went wrong is told as an event.
      if (finding.usable) logger.info(event.details, event.message);
      loop.record(event);
    },
  });
  replica.watch();
  return replica;
}

async function untilSettled(
  { manager }: Loop,
  store: Store,
  synced: () => SyncResult | undefined,
  stop: AbortSignal,
  timeoutSeconds: number | null,
  logger: Logger,
): Promise<number> {
  const deadline = timeoutSeconds === null ? Infinity : Date.now() + timeoutSeconds * 1_000;
  for (;;) {
    const result = synced();
    if (result && !result.recheckAt && manager.quiet) {
      const { applications } = await store.loadWorld();
      const settlement = settlementOf(result, applications);
      if (settlement === 'reached') return 0;
      if (settlement === 'failed') {
        for (const problem of applicationProblems(applications)) logger.error(problem);
        return 1;
      }
    }
    if (stop.aborted) return 1;
    if (Date.now() >= deadline) return 124;
    await new Promise((resolve) => setTimeout(resolve, ONCE_LOOK_MS));
  }
}

async function openEngine(config: Config, installation: string, logger: Logger): Promise<Engine> {
  const { policy, secretsDir, dockerHost } = config;
  chooseDockerHost(dockerHost);
  const engine = new DockerEngine({
    installation,
    secrets: async ({ key, field }) => readSecret(secretsDir, key, field),
    policy: { hostPaths: policy.allowHostPaths },
    log: logger,
  });
  await engine.ping();
  return engine;
}

/** Null where there is to be none. */
function openIngress(
  { ingress: { port, address, tlsPort, image, maxBodyBytes, certificatesDir }, mode }: Config,
  installation: string,
  engine: Engine,
  log: Logger,
  listener: Pick<IngressOptions, 'onEvent' | 'onState'>,
): Ingress | null {
  if (port === 0 || mode === 'observe') return null;
  return new Ingress({
    engine: Object.assign(new DockerIngress({ installation }), {
      createNetwork: () => engine.createNetwork(),
      resolveImage: (...args: Parameters<Engine['resolveImage']>) => engine.resolveImage(...args),
    }),
    place: { image, address, port, tlsPort },
    settings: { maxBodyBytes },
    certificatesDir,
    clock: systemClock,
    random: Math.random,
    log,
    ...listener,
  });
}

/** Where there is to be no ingress, the one of an earlier run would go on serving by what it was last told. */
async function removeUnwantedIngress(
  { ingress: { port }, mode }: Config,
  installation: string,
  logger: Logger,
): Promise<void> {
  if (port !== 0 || mode === 'observe') return;
  try {
    const removed = await removeContainer(new DockerIngress({ installation }));
    if (removed) logger.info('removed the ingress of an earlier run: its port is 0 now');
  } catch (error) {
    logger.warn({ err: error }, `the ingress of an earlier run may go on serving: ${messageOf(error)}`);
  }
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
