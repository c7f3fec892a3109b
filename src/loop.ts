import { isDeepStrictEqual } from 'node:util';
import PQueue from 'p-queue';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { Journal } from './control/journal.ts';
import { Manager } from './control/manager.ts';
import { Observer } from './control/observer.ts';
import { Outbox } from './control/outbox.ts';
import { Roster } from './control/roster.ts';
import { ApplicationController } from './controllers/application/controller.ts';
import type { ServiceStanding } from './controllers/application/standing.ts';
import { IngressController, type Proxy } from './controllers/ingress/controller.ts';
import { ScalingController } from './controllers/scaling/controller.ts';
import type { LedgerEntry } from './controllers/scaling/ledger.ts';
import { proportional } from './controllers/scaling/proportional.ts';
import { HealthController } from './controllers/health/controller.ts';
import type { ProbeInstance } from './controllers/health/probe.ts';
import type { Engine } from './engine/engine.ts';
import { messageOf } from './error.ts';
import type { Instrumentation } from './metrics/instrumentation.ts';
import type { ManifestReader } from './source/manifest-reader.ts';
import type { Source } from './source/source.ts';
import type { SyncListener } from './source/sync-loop.ts';
import { Synchronizer, type SyncResult } from './source/synchronizer.ts';
import type { MetricSample } from './store/metrics.ts';
import type { NewEvent, Store } from './store/store.ts';

/** Everything the loop knows of the world. */
export interface LoopEnvironment {
  engine: Engine;
  store: Store;
  source: Source;
  reader: ManifestReader;
  probe: ProbeInstance;
  /** Serves the routes; null without an ingress. */
  proxy: Proxy | null;
  /** An application's samples of level `app` of the last seconds, for the scaler. */
  samplesOf: (app: string, seconds: number) => readonly MetricSample[];
  /** What the scaler last decided on each application, before this start. */
  lastDecisions?: readonly LedgerEntry[];
  instrumentation: Instrumentation;
  clock: Clock;
  /** Numbers in [0, 1). */
  random: () => number;
  logger: Logger;
  /** How often everything is looked at though nothing called for it. */
  resyncMs: number;
  /** The engine's short calls at a time. */
  engineCalls: number;
  /** `observe` carries nothing out and reports what it would do. */
  mode: 'enforce' | 'observe';
  /** Remove what left the source at the first sync, even when it is so much that a mistake is likelier. */
  confirmPrune?: boolean;
  /** Called after every sync. */
  onSynced?: (result: SyncResult) => void;
}

export interface Loop {
  synchronizer: Synchronizer;
  manager: Manager;
  /** Who is there now. */
  roster: Roster;
  /** Evaluates by what was measured until now. */
  scaler: ScalingController;
  /** Syncs, and removes what left the source even when it is so much that a mistake is likelier. */
  confirmPrune(): void;
  /** Hears what the proxy says of itself. */
  serviceChanged(service: ServiceStanding): void;
  /** Records what happened outside of the loop; held while the database is away. */
  record(event: NewEvent): void;
  /** Finishes the sync and the engine calls in hand and leaves every container as it is. */
  stop(): Promise<void>;
}

/** Engine calls that mostly wait, at a time. */
const WAITING_CALLS = 16;

/** Starts keeping the engine equal to the source. The same composition serves production and simulations. */
export function startLoop(environment: LoopEnvironment): Loop {
  const { engine, store, source, reader, probe, clock, random, logger } = environment;
  const { resyncMs, engineCalls, mode, samplesOf, proxy, instrumentation } = environment;
  const outbox = new Outbox(store, clock, {
    onReturn: () => manager.resync(),
    onRefused: (error) => logger.error({ err: error }, `the database refused a write: ${messageOf(error)}`),
  });
  const calls = new PQueue({ concurrency: engineCalls });
  const waits = new PQueue({ concurrency: WAITING_CALLS });
  const journal = new Journal(outbox);
  const health = new HealthController({
    outbox,
    clock,
    random,
    logger,
    probe,
    onChange: (app) => manager.due(app),
  });
  const roster = new Roster();
  const ingress = proxy && new IngressController(proxy, roster, logger, (app) => manager.due(app));
  const scaler = new ScalingController({
    algorithm: proportional,
    outbox,
    clock,
    roster,
    observing: mode === 'observe',
    routed: proxy !== null,
    samplesOf,
    last: environment.lastDecisions ?? [],
    onDecision: (direction) => instrumentation.scalingDecision(direction),
    onChange: (app) => manager.due(app),
  });
  const controller = new ApplicationController({
    engine,
    outbox,
    journal,
    healthOf: (containerId) => health.healthOf(containerId),
    standingOf: (app) => ({
      source: synced && { pruneHeld: synced.held.includes(app), rejection: synced.rejected.get(app) ?? null },
      route: ingress ? ingress.standingOf(app) : null,
    }),
    clock,
    random,
    calls,
    waits,
    mode,
    drain: async (containerId, draining) => {
      if (draining) await ingress?.withdraw(containerId);
      else ingress?.readmit(containerId);
    },
    onProgress: (app) => manager.stirred(app),
  });
  const observer = new Observer(engine, store, outbox, journal);
  const manager = new Manager({
    engine,
    observer,
    controller,
    clock,
    random,
    logger,
    resyncMs,
    instrumentation,
    onSnapshot: (snapshot) => health.follow(snapshot),
    onVerdicts(verdicts) {
      roster.update(verdicts.map(({ name, entry }) => [name, entry]));
      ingress?.update();
    },
  });
  const synchronizer = new Synchronizer(source, reader, store, clock);

  let synced: SyncResult | undefined;
  let failed = false;
  const listener: SyncListener = {
    onSynced(result) {
      manager.changed(result.changed);
      const read = result.sourceError === null ? result : synced;
      const isNews = !isDeepStrictEqual([read?.held, read?.rejected], [synced?.held, synced?.rejected]);
      synced = read;
      // A sync that failed may have landed all the same: then nobody was told what it changed.
      if (failed || isNews) manager.resync();
      instrumentation.synced(result.held.length > 0 ? 'held' : 'ok');
      failed = false;
      environment.onSynced?.(result);
    },
    onError(error) {
      failed = true;
      instrumentation.synced('failed');
      logger.warn({ err: error }, `could not sync; will try again: ${messageOf(error)}`);
    },
  };

  manager.start();
  const confirmPrune = (): void =>
    void synchronizer.sync({ confirmPrune: true }).then(
      (result) => listener.onSynced(result),
      (error: unknown) => listener.onError(error),
    );
  if (environment.confirmPrune) confirmPrune();
  const synchronization = synchronizer.run(resyncMs, listener);
  return {
    synchronizer,
    manager,
    roster,
    scaler,
    confirmPrune,
    serviceChanged: (service) => ingress?.serviceChanged(service),
    record(event) {
      outbox
        .write((to) => to.appendEvents([event]))
        .catch((error: unknown) =>
          logger.error({ err: error }, `the database refused an event: ${messageOf(error)}`),
        );
    },
    async stop() {
      await synchronization.close();
      await manager.stop();
      await health.close();
      outbox.close();
    },
  };
}
