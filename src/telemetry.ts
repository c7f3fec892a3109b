import type { Logger } from 'pino';
import { startApi, type Api } from './api/server.ts';
import type { ListenAddress } from './api/listen-address.ts';
import type { Clock } from './clock.ts';
import type { Engine } from './engine/engine.ts';
import type { AccessLogListener } from './ingress/access-log.ts';
import type { Ingress } from './ingress/ingress.ts';
import { HTTP_PORT, STATUS_PORT, TLS_PORT } from './ingress/layout.ts';
import type { SocketsListener } from './ingress/sockets.ts';
import type { Loop } from './loop.ts';
import { messageOf, reasonOf } from './error.ts';
import { Collector } from './metrics/collect.ts';
import { ConnectionHistory } from './metrics/connections.ts';
import type { Measurement } from './metrics/measurement.ts';
import { Prometheus } from './metrics/prometheus.ts';
import { parseSockets } from './metrics/sockets.ts';
import { targetsOf } from './metrics/targets.ts';
import { Traffic } from './metrics/traffic.ts';
import { isUnavailable, type Database } from './store/database.ts';
import { writeUsage } from './store/instance-usage.ts';
import { insertMetrics, type MetricSample } from './store/metrics.ts';
import { recentMetrics } from './store/recent-metrics.ts';
import { ensureMetricsPartitions } from './store/retention.ts';

export interface TelemetryOptions {
  engine: Engine;
  database: Database;
  clock: Clock;
  logger: Logger;
}

const SERVED_PORTS = new Set([HTTP_PORT, TLS_PORT, STATUS_PORT]);
/** The loop looks at everything at least every `resyncMs`; this many of these without a pass, and it stands still. */
const MISSED_RESYNCS = 3;

/** Measures apps and AutoServe itself, and shows it: in the database, to the scaler and to Prometheus. */
export class Telemetry {
  readonly prometheus = new Prometheus();
  readonly #options: TelemetryOptions;
  readonly #traffic = new Traffic();
  readonly #closing = new AbortController();
  readonly #collector: Collector;
  #loop: Loop | undefined;
  #ingress: Ingress | null = null;
  readonly #connections = new ConnectionHistory();
  #following: Promise<unknown> | undefined;
  #api: Api | undefined;
  readonly #startedAt: Date;

  constructor(options: TelemetryOptions) {
    const { engine, database, clock, logger } = options;
    this.#options = options;
    this.#startedAt = clock.now();
    this.#collector = new Collector({
      engine: engine.usage,
      traffic: this.#traffic,
      targets: () => (this.#loop ? targetsOf(this.#loop.roster.entries, this.#ingress !== null) : []),
      stubStatus: async () => (await this.#ingress?.stubStatus()) ?? null,
      connections: (now) => this.#connections.at(now),
      insert: (samples) => insertMetrics(database, samples),
      isTransient: isUnavailable,
      onMeasurement: (measurement) => this.#measured(measurement),
      instrumentation: this.prometheus,
      clock,
      logger,
    });
  }

  /** An application's samples of level `app` of the last seconds. */
  samplesOf(app: string, seconds: number): readonly MetricSample[] {
    return this.#collector.window(app, seconds);
  }

  /** Serves what there is to be told, before there is anything. Throws `ListenFailed`. */
  async listen(listen: ListenAddress, resyncMs: number): Promise<void> {
    const { engine, database, clock, logger } = this.#options;
    const { prometheus } = this;
    this.#api = await startApi({
      listen,
      metrics: { contentType: prometheus.contentType, page: () => prometheus.page() },
      lastPassAgeMs: () =>
        clock.now().getTime() - (this.#loop?.manager.passedAt ?? this.#startedAt).getTime(),
      stalledAfterMs: MISSED_RESYNCS * resyncMs,
      checks: { engine: () => engine.ping(), database: () => database.query('SELECT 1') },
      onError: (error) => logger.error({ err: error }, 'a request to the API failed'),
    });
    logger.info({ address: this.#api.address }, 'metrics at /metrics, health at /healthz and /readyz');
  }

  async start(loop: Loop, ingress: Ingress | null): Promise<void> {
    const { database } = this.#options;
    this.#loop = loop;
    this.#ingress = ingress;
    this.#following = ingress ? this.#follow(ingress) : undefined;
    // A row that comes while its day's partition is being made is refused.
    await ensureMetricsPartitions(database);
    this.#collector.start(await recentMetrics(database));
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#api?.close();
    await this.#following;
    await this.#collector.stop();
  }

  async #follow(ingress: Ingress): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    const log: AccessLogListener = {
      onOpen: () => this.#traffic.watch(clock.now()),
      onLine: (line, times) => this.#traffic.add(line, times),
      onTold: () => this.#traffic.told(clock.now()),
      onLost: (error) => {
        this.#traffic.lose();
        this.#tellLost('the log of the ingress cannot be read', error);
      },
    };
    const sockets: SocketsListener = {
      onSockets: (lines) => this.#connections.add(parseSockets(lines, SERVED_PORTS), clock.now()),
      onLost: (error) => {
        this.#connections.lose();
        this.#tellLost('what the ingress has open cannot be read', error);
      },
    };
    await Promise.all([ingress.accessLog(log, signal), ingress.sockets(sockets, signal)]);
  }

  #tellLost(what: string, error: Error): void {
    // Before the first nginx there is nothing to read, and why there is none later is told by the ingress.
    const level = reasonOf(error) === 'IngressNotRunning' ? 'debug' : 'warn';
    this.#options.logger[level]({ err: error }, `${what}: ${messageOf(error)}`);
  }

  #measured(measurement: Measurement): void {
    const { database, logger } = this.#options;
    this.prometheus.publish(measurement);
    const entries = this.#loop?.roster.entries ?? [];
    this.prometheus.apps(
      entries.map(({ application: { name, status, replicas, desiredReplicas } }) => ({
        app: name,
        status,
        ready: replicas,
        desired: desiredReplicas,
      })),
    );
    writeUsage(database, measurement).catch((error: unknown) => {
      if (!isUnavailable(error)) logger.warn({ err: error }, 'the usage of instances was not written');
    });
    this.#loop?.scaler
      .evaluate()
      .catch((error: unknown) => logger.error({ err: error }, 'the scaler could not record its decisions'));
  }
}
