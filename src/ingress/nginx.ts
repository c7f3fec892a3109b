import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { backoffMs } from '../control/backoff.ts';
import { AutoServeError } from '../error.ts';
import type { Certificate } from './certificate.ts';
import { CertificateChoice } from './certificate-choice.ts';
import { configurationOf, type Configuration } from './configuration.ts';
import type { NginxEngine, NginxPlace } from './container.ts';
import { deploy, type Candidate } from './deployment.ts';
import type { IngressEvent } from './event.ts';
import { NginxContainer } from './nginx-container.ts';
import type { NginxSettings } from './nginx-config.ts';
import { pause } from './pause.ts';
import { knock, type Knock } from './port-watch.ts';
import { Problems } from './problems.ts';
import { ConfigurationRefused } from './refusal.ts';
import type { Route } from './route.ts';
import { routingTable, type RoutingTable } from './routes.ts';
import { eventOf, failureOf, isNews, logFailure, type IngressState } from './state.ts';
import { askStatus } from './status.ts';
import type { StubStatus } from './stub-status.ts';

export interface NginxOptions {
  engine: NginxEngine;
  place: NginxPlace;
  settings: NginxSettings;
  /** Those of now; must not throw. */
  certificates?: () => Promise<readonly Certificate[]>;
  clock: Clock;
  /** In [0, 1), for the backoff. */
  random: () => number;
  log: Logger;
  /** Hears what users should know, once each time that it changes. */
  onEvent: (event: IngressEvent) => void;
  /** Hears of its state with every event about it. */
  onState: (state: IngressState) => void;
  /** Asks nginx's status server; see `askStatus`. */
  ask?: typeof askStatus;
  /** Tries the published port; see `PortWatch`. */
  knock?: Knock;
}

type Refusals = (refused: RoutingTable['refused']) => void;

const RELOAD_MS = 200;
const BACKOFF = { baseMs: 500, capMs: 30_000 };
/** The net under lost events. */
const RESYNC_MS = 30_000;

interface Waiter {
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * The one nginx of an installation: keeps its container running and its configuration equal to the routes given last.
 * Changes that come while one is put in force are gathered into the next.
 */
export class Nginx {
  readonly #options: NginxOptions;
  readonly #start: Configuration;
  readonly #closing = new AbortController();
  readonly #watch: { close(): void };
  #wanted: RoutingTable | undefined;
  #waiting: Waiter[] = [];
  /** The last configuration that nginx accepted. */
  #accepted: Configuration | undefined;
  readonly #container: NginxContainer;
  #state: IngressState = { serving: false, reason: 'Starting', message: 'nginx is being started', app: null };
  readonly #refusals: Problems;
  readonly #certificates = new CertificateChoice();
  readonly #certificateProblems: Problems;
  #attempt: Promise<void> | undefined;
  #again = false;
  #failures = 0;
  #lastReload = 0;
  /** When an nginx that does not run is tried again, in milliseconds since the epoch. */
  #retryAt = 0;
  #cancelTimer: (() => void) | undefined;
  #reloads = 0;

  /** Starts at once, or takes over the container that it finds. */
  constructor(options: NginxOptions) {
    this.#options = options;
    this.#refusals = new Problems(options.onEvent);
    this.#certificateProblems = new Problems(options.onEvent);
    this.#start = configurationOf(null, options.settings, []);
    this.#container = new NginxContainer({
      ...options,
      ask: options.ask ?? askStatus,
      knock: options.knock ?? knock,
      onEnded: () =>
        this.#troubled(
          'IngressDown',
          'nginx was ended, changed or removed, not by AutoServe; it is started again',
        ),
      // An application that is to stop need not wait for an image that is being pulled.
      onStillDown: () => this.#release(),
      onCutOff: (port) => {
        const what = `the engine does not pass on what comes in at ${options.place.address}:${port}`;
        this.#troubled('IngressPortLost', `${what}; nginx is made anew`);
        this.#look();
      },
    });
    this.#watch = options.engine.watchIngress(() => this.#look());
    this.#look();
  }

  get state(): IngressState {
    return this.#state;
  }

  /** How often nginx has loaded another configuration. */
  get reloads(): number {
    return this.#reloads;
  }

  /**
   * Makes `routes`, all there are, the ones that are served, and returns the table made of them; its refusals are reported
   * as events, too. Resolves when no request is taken by an earlier table: this or a later one is in force, or nginx does
   * not run. Throws when an earlier one may go on serving: `ConfigurationRefused`, `ReloadNotTaken`, `EngineUnavailable`;
   * it is tried again without being asked. Of calls at the same time the last one counts.
   */
  async apply(routes: readonly Route[], onRefused?: Refusals): Promise<RoutingTable> {
    const table = routingTable(routes, this.#wanted);
    this.#refusals.report(table.refused);
    onRefused?.(table.refused);
    this.#wanted = table;
    const applied = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#look();
    await applied;
    return table;
  }

  /** Null when nginx does not run or cannot be reached from here. */
  async stubStatus(): Promise<StubStatus | null> {
    return await this.#container.stubStatus();
  }

  /** Ends what is under way and leaves nginx serving. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#watch.close();
    this.#cancelTimer?.();
    await this.#attempt;
    this.#container.close();
    const closed = new AutoServeError('Closed', 'AutoServe stops before the change is in force');
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed);
  }

  #look(): void {
    if (this.#closing.signal.aborted) return;
    // What an attempt that failed has done to the container is heard of here, too.
    if (this.#container.down && this.#options.clock.now().getTime() < this.#retryAt) {
      this.#release();
      return;
    }
    this.#again = true;
    // Later, for what an attempt does at once may be heard of here before there is one.
    this.#attempt ??= Promise.resolve()
      .then(() => this.#attempts())
      .finally(() => {
        this.#attempt = undefined;
        if (this.#again) this.#look();
      });
  }

  async #attempts(): Promise<void> {
    while (this.#again && !this.#closing.signal.aborted) {
      this.#again = false;
      this.#cancelTimer?.();
      await this.#attemptOnce();
    }
  }

  async #attemptOnce(): Promise<void> {
    let waiters: Waiter[] | undefined;
    try {
      await this.#container.ensure(this.#accepted ?? this.#start, this.#closing.signal);
      await this.#pace();
      // Whoever comes from here on waits for the next attempt.
      waiters = this.#waiting.splice(0);
      await this.#deployWhatPasses();
      this.#succeed();
      for (const waiter of waiters) waiter.resolve();
    } catch (error) {
      this.#fail(error);
      for (const waiter of waiters ?? this.#waiting.splice(0)) {
        if (this.#container.down) waiter.resolve();
        else waiter.reject(error);
      }
    }
  }

  /** What is wanted now; undefined before there is anything. */
  async #candidate(): Promise<Candidate | undefined> {
    const certificates = this.#certificates.choose((await this.#options.certificates?.()) ?? []);
    this.#certificateProblems.report(this.#certificates.refusals);
    const table = this.#wanted;
    const { settings } = this.#options;
    return table && { table, certificates, configuration: configurationOf(table, settings, certificates) };
  }

  #troubled(reason: string, message: string): void {
    this.#setState({ serving: false, reason, message, app: null });
  }

  #release(): void {
    for (const waiter of this.#waiting.splice(0)) waiter.resolve();
  }

  /** Waits until a reload may be, unless there is nothing to load. */
  async #pace(): Promise<void> {
    if (this.#isInForce(await this.#candidate())) return;
    const { clock } = this.#options;
    const wait = this.#lastReload + RELOAD_MS - clock.now().getTime();
    if (wait > 0) await pause(clock, wait, this.#closing.signal);
  }

  /** What nginx has against one certificate is no reason to keep everything else from coming into force. */
  async #deployWhatPasses(): Promise<void> {
    for (;;) {
      const wanted = await this.#candidate();
      try {
        await this.#deploy(wanted);
        if (wanted) this.#certificates.accept(wanted.certificates);
        return;
      } catch (error) {
        const isCertificate =
          wanted &&
          error instanceof ConfigurationRefused &&
          this.#certificates.giveUp(error, wanted.certificates);
        if (!isCertificate) throw error;
      }
    }
  }

  async #deploy(wanted: Candidate | undefined): Promise<void> {
    const { engine, clock } = this.#options;
    const container = this.#container.serving;
    if (!wanted || !container || this.#isInForce(wanted)) return;
    this.#lastReload = clock.now().getTime();
    // If it fails halfway, nobody knows.
    const { generation } = container;
    container.generation = undefined;
    try {
      const idle = async (): Promise<number | null> => (await this.stubStatus())?.waiting ?? null;
      const incumbent = { slot: container.slot, used: generation !== this.#start.generation, idle };
      container.slot = await deploy(engine, container.id, incumbent, wanted, clock);
    } catch (error) {
      if (error instanceof ConfigurationRefused) container.generation = generation;
      throw error;
    }
    this.#reloads += 1;
    container.generation = wanted.configuration.generation;
    this.#accepted = wanted.configuration;
  }

  #isInForce(wanted: Candidate | undefined): boolean {
    return !wanted || this.#container.serving?.generation === wanted.configuration.generation;
  }

  #succeed(): void {
    const { address, port } = this.#options.place;
    this.#failures = 0;
    const message = `nginx serves at ${address}:${port}`;
    this.#setState({ serving: true, reason: 'IngressServing', message, app: null });
    this.#lookIn(RESYNC_MS);
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    const { clock, random, log } = this.#options;
    const state = failureOf(error);
    logFailure(log, error, state);
    this.#setState(state);
    const wait = backoffMs(this.#failures, BACKOFF, random());
    this.#retryAt = clock.now().getTime() + wait;
    if (this.#container.down) this.#again = false;
    this.#lookIn(wait);
  }

  #setState(state: IngressState): void {
    const news = isNews(state, this.#state);
    this.#state = state;
    if (!news) return;
    this.#options.onEvent(eventOf(state));
    this.#options.onState(state);
  }

  #lookIn(ms: number): void {
    this.#cancelTimer?.();
    if (this.#closing.signal.aborted) return;
    this.#cancelTimer = this.#options.clock.schedule(ms, () => {
      // A timer may be early by a part of a millisecond, and there is no other.
      this.#retryAt = 0;
      this.#look();
    });
  }
}
