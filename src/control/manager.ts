import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { ApplicationController } from '../controllers/application/controller.ts';
import type { Verdict } from '../controllers/application/verdict.ts';
import { EngineError, type Engine, type EngineWatch } from '../engine/engine.ts';
import { messageOf } from '../error.ts';
import type { Instrumentation } from '../metrics/instrumentation.ts';
import { backoffMs, type Backoff } from './backoff.ts';
import type { Observer, Snapshot } from './observer.ts';
import { WorkQueue } from './workqueue.ts';

export interface ManagerOptions {
  engine: Engine;
  observer: Observer;
  controller: ApplicationController;
  clock: Clock;
  random: () => number;
  logger: Logger;
  /** How often everything is looked at though nothing called for it. */
  resyncMs: number;
  instrumentation: Instrumentation;
  /** Called with everything that a pass sees, before it decides. */
  onSnapshot: (snapshot: Snapshot) => void;
  /** Called with what a pass decided, before it is carried out. */
  onVerdicts: (verdicts: readonly Verdict[]) => void;
}

const OBSERVATION_RETRY: Backoff = { baseMs: 50, capMs: 10_000 };
/** What happens to containers of an application that is being acted on is looked at together: most of it is our doing. */
const GATHER_MS = 250;

/**
 * Runs the loop. Whatever happens in the world only puts names on the queue; a pass takes all that are due, reads
 * database and engine once, decides about each name, records all statuses in one write and hands the plans to workers.
 */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #queue: WorkQueue;
  /** What is being carried out now: of one application often several plans, each made with the others in view. */
  readonly #acting = new Set<{ name: string; aborter: AbortController; ended: Promise<void> }>();
  /** Applications whose declaration changed since the pass began: what it decides about them may be out of date. */
  readonly #overtaken = new Set<string>();
  readonly #timers = new Set<() => void>();
  #watch: EngineWatch | undefined;
  #passing: Promise<void> | undefined;
  #again = false;
  #resyncDue = false;
  #failures = 0;
  #retrying = false;
  #looked = false;
  #passedAt: Date | null = null;
  #stopped = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue(options.clock, options.random, () => this.#wake());
  }

  start(): void {
    const { engine, logger } = this.#options;
    this.#watch = engine.watch({
      onChange: (app) => this.stirred(app),
      onReconnect: () => this.resync(),
      onDisconnect: (error) => {
        logger.warn({ err: error }, 'the engine closed its stream of events');
        this.resync();
      },
    });
    this.#every(this.#options.resyncMs, () => this.resync());
    this.resync();
  }

  /** Puts every known application on the queue. */
  resync(): void {
    this.#resyncDue = true;
    this.#wake();
  }

  /** Something about this application is other than it was. */
  due(name: string): void {
    this.#queue.add(name);
  }

  /** Something happened to containers of this application. */
  stirred(name: string): void {
    if (this.#actingOn(name).length === 0) this.#queue.add(name);
    else this.#queue.addAt(name, new Date(this.#options.clock.now().getTime() + GATHER_MS));
  }

  /** Declarations of these applications changed: what is being done for an older one is called off. */
  changed(names: readonly string[]): void {
    for (const name of names) {
      this.#overtaken.add(name);
      this.#callOff(name);
      this.#queue.add(name);
    }
  }

  /** Whether the world has been looked at and nothing is due or in work; retries and timers may be pending. */
  get quiet(): boolean {
    return (
      this.#looked &&
      !this.#passing &&
      !this.#resyncDue &&
      this.#failures === 0 &&
      this.#acting.size === 0 &&
      this.#queue.idle
    );
  }

  /** When the last pass ended, whether or not it could look at the world; null before the first. */
  get passedAt(): Date | null {
    return this.#passedAt;
  }

  /** Finishes the calls in hand and leaves every container as it is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.close();
    for (const cancel of this.#timers) cancel();
    this.#queue.close();
    for (const { aborter } of this.#acting) aborter.abort();
    await this.#passing;
    await Promise.all([...this.#acting].map(({ ended }) => ended));
  }

  #actingOn(name: string): { aborter: AbortController }[] {
    return [...this.#acting].filter((acting) => acting.name === name);
  }

  #callOff(name: string): void {
    for (const { aborter } of this.#actingOn(name)) aborter.abort();
  }

  #after(ms: number, run: () => void): void {
    const cancel = this.#options.clock.schedule(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }

  #every(ms: number, run: () => void): void {
    this.#after(ms, () => {
      this.#every(ms, run);
      run();
    });
  }

  #wake(): void {
    this.#again = true;
    if (this.#stopped || this.#passing) return;
    this.#passing = this.#passes().finally(() => {
      this.#passing = undefined;
      if (this.#again) this.#wake();
    });
  }

  async #passes(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#pass();
      this.#passedAt = this.#options.clock.now();
    }
  }

  async #pass(): Promise<void> {
    const { observer, controller, logger, clock, instrumentation, onSnapshot, onVerdicts } = this.#options;
    const begun = clock.now().getTime();
    const seconds = (): number => (clock.now().getTime() - begun) / 1_000;
    const busy = new Set(this.#queue.processing);
    const keys = this.#queue.take();
    this.#overtaken.clear();
    const resync = this.#resyncDue;
    this.#resyncDue = false;
    if (keys.length === 0 && !resync) return;
    try {
      const snapshot = await observer.observe();
      onSnapshot(snapshot);
      // What was being decided about as the snapshot began may be other than the snapshot says.
      if (resync) keys.push(...this.#queue.claim(snapshot.names.filter((name) => !busy.has(name))));
      const verdicts = keys.map((key) => controller.decide(snapshot, key));
      onVerdicts(verdicts);
      const refused = await controller.record(verdicts);
      this.#failures = 0;
      this.#looked = true;
      instrumentation.reconciled('ok', seconds());
      instrumentation.queueDepth(this.#queue.size);
      for (const { name, application } of verdicts)
        if (application) for (const dependent of snapshot.dependents(name)) this.due(dependent);
      for (const verdict of verdicts)
        if (refused.has(verdict.name)) {
          this.#failed(verdict.name, refused.get(verdict.name));
          this.#queue.done(verdict.name);
        } else this.#carryOut(verdict);
    } catch (error) {
      instrumentation.reconciled('failed', seconds());
      await this.#passFailed(keys, error).catch((second: unknown) =>
        logger.error({ err: second }, 'the failure of a pass could not be recorded'),
      );
    }
  }

  /** The one place for what follows on a decision: nothing, a later look, an action, or a retry of what failed. */
  #carryOut(verdict: Verdict): void {
    const { name, plan, wakeAt, deletable, rollBack } = verdict;
    if (this.#stopped || this.#overtaken.has(name)) {
      this.#queue.done(name);
      return;
    }
    if (wakeAt) this.#queue.addAt(name, wakeAt);
    if (plan.steps.length === 0 && !deletable && !rollBack) {
      if (this.#actingOn(name).length === 0) this.#queue.forget(name);
      this.#queue.done(name);
      return;
    }
    if (rollBack) this.#callOff(name);
    const aborter = new AbortController();
    const ended = this.#act(verdict, aborter.signal);
    const acting = { name, aborter, ended };
    this.#acting.add(acting);
    void ended.finally(() => this.#acting.delete(acting));
  }

  async #act(verdict: Verdict, signal: AbortSignal): Promise<void> {
    const { name } = verdict;
    try {
      const begun = this.#options.controller.begin(verdict, signal);
      const { ended } = await begun.finally(() => this.#queue.done(name));
      await ended;
      this.#queue.forget(name);
      this.#queue.add(name);
    } catch (error) {
      this.#failed(name, error);
    }
  }

  #failed(name: string, error: unknown): void {
    const delay = this.#queue.retry(name);
    this.#options.logger.warn({ app: name, err: error, delay }, 'could not act; will try again');
  }

  async #passFailed(keys: readonly string[], error: unknown): Promise<void> {
    const { random, observer, controller, logger } = this.#options;
    this.#failures += 1;
    const delay = backoffMs(this.#failures, OBSERVATION_RETRY, random());
    // The first failure says it all; those after it are its echo.
    const level = this.#failures === 1 ? 'warn' : 'debug';
    logger[level]({ err: error, delay }, `could not look at the world: ${messageOf(error)}`);
    for (const key of keys) this.#queue.done(key);
    if (!this.#retrying) {
      this.#retrying = true;
      this.#after(delay, () => {
        this.#retrying = false;
        this.resync();
      });
    }
    if (error instanceof EngineError && error.code === 'EngineUnavailable')
      await controller.recordUnavailable(observer.applications, error);
  }
}
