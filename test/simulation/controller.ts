import { pino, type Logger } from 'pino';
import type { Clock } from '../../src/clock.ts';
import { EngineError, type EngineListener } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { noInstrumentation } from '../../src/metrics/instrumentation.ts';
import { startLoop, type Loop } from '../../src/loop.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { intercept, isEffect, type Call } from './intercept.ts';
import { INSTALLATION, SECRET_VALUE } from './names.ts';
import type { Simulation } from './simulation.ts';
import { inWords } from './words.ts';

/** What may happen to a controller at one of its effects. */
export type Fault =
  | 'killed before'
  | 'killed after'
  /** Killed with the call on its way: it takes effect when the next controller is at work. */
  | 'killed and lands late'
  | 'refused'
  | 'unavailable'
  | 'reply lost'
  /** Asked to stop, as by SIGTERM. */
  | 'stopped';

const PROBE_MS = 5;
const LATE_MS = [15, 90, 900];
/** How long the next controller takes to come. */
const RESTART_MS = 10;

/** One life of a controller: the loop as in production, in an environment where calls take time and may fail. */
export class Controller {
  readonly loop: Loop;
  /** When the database last failed this controller, which holds its writes in memory then. */
  storeFailedAt: Date | null = null;
  readonly #simulation: Simulation;
  readonly #listeners: EngineListener[] = [];
  #alive = true;
  #stopping = false;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    const { world, database, files, reader, random } = simulation;
    const engine = new MemoryEngine(world, {
      installation: INSTALLATION,
      secrets: async () => SECRET_VALUE,
    });
    const watch = engine.watch.bind(engine);
    engine.watch = (listener) => watch(this.#whileAlive(listener));
    const passage = (call: Call, perform: () => Promise<unknown>) => this.#pass(call, perform);
    this.loop = startLoop({
      engine: intercept('engine', engine, passage),
      store: intercept('store', new MemoryStore(database), passage),
      source: files,
      reader,
      probe: async (ip) => {
        await this.#delay(PROBE_MS);
        return simulation.probe(ip);
      },
      clock: this.#clock(),
      random,
      logger: this.#logger(),
      resyncMs: 50_000,
      engineCalls: 2,
      mode: 'enforce',
      proxy: null,
      samplesOf: () => [],
      instrumentation: noInstrumentation,
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** What the engine's stream of events does. */
  get listeners(): readonly EngineListener[] {
    return this.#listeners;
  }

  /** From now on nothing it asked for is answered, and no timer or event reaches it. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#simulation.note('killed');
    this.#simulation.restartIn(RESTART_MS);
  }

  /** SIGTERM. */
  stop(): void {
    if (this.#stopping || !this.#alive) return;
    this.#stopping = true;
    this.#simulation.note('asked to stop');
    void this.loop.stop().then(() => {
      this.#simulation.note('stopped');
      this.#alive = false;
      this.#simulation.restartIn(RESTART_MS);
    });
  }

  async #pass(call: Call, perform: () => Promise<unknown>): Promise<unknown> {
    const simulation = this.#simulation;
    const delay = simulation.latency(call) / 2;
    await this.#delay(delay);
    this.#reach(call);
    simulation.calls += 1;
    if (simulation.invariants.isSpinning()) await never();
    const result = await (isEffect(call) ? this.#effect(call, perform) : simulation.read(call, perform));
    await this.#delay(delay);
    this.#reach(call);
    return result;
  }

  async #effect(call: Call, perform: () => Promise<unknown>): Promise<unknown> {
    const simulation = this.#simulation;
    const fault = simulation.nextFault(call);
    const act = async (): Promise<unknown> => {
      simulation.invariants.before(call, this);
      try {
        return await perform();
      } finally {
        simulation.landed(call);
      }
    };
    switch (fault) {
      case undefined:
        return await act();
      case 'killed before':
        this.kill();
        break;
      case 'killed after':
        await act();
        this.kill();
        break;
      case 'killed and lands late': {
        this.kill();
        const late = LATE_MS[simulation.effects.length % LATE_MS.length] ?? 0;
        simulation.clock.schedule(late, () => {
          simulation.note(() => `lands late: ${inWords(call)}`);
          // Whoever asked is no more: nobody hears of an error.
          perform().then(
            () => simulation.landed(call),
            () => undefined,
          );
        });
        break;
      }
      case 'refused':
      case 'unavailable':
        throw this.#failure(call, fault);
      case 'reply lost':
        await act();
        throw this.#failure(call, 'unavailable');
      case 'stopped':
        this.stop();
        return await act();
    }
    return await never();
  }

  #reach(call: Call): void {
    const { away } = this.#simulation;
    if (away.has(call.on === 'engine' ? 'engine' : 'database')) throw this.#failure(call, 'unavailable');
  }

  #failure({ on }: Call, fault: 'refused' | 'unavailable'): Error {
    if (on === 'store') {
      this.storeFailedAt = this.#simulation.clock.now();
      return new StoreUnavailable(new Error('simulated'));
    }
    return fault === 'refused'
      ? new EngineError('EngineRefused', 'the engine answers 500')
      : new EngineError('EngineUnavailable', 'the engine does not answer');
  }

  async #delay(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.#simulation.clock.schedule(ms, resolve));
    if (!this.#alive) await never();
  }

  #clock(): Clock {
    const { clock } = this.#simulation;
    return {
      now: () => clock.now(),
      schedule: (ms, run) => clock.schedule(ms, () => this.#alive && run()),
    };
  }

  #whileAlive(listener: EngineListener): EngineListener {
    const guarded: EngineListener = {
      onChange: (app) => this.#alive && !this.#simulation.away.has('engine') && listener.onChange(app),
      onReconnect: () => this.#alive && listener.onReconnect(),
      onDisconnect: (error) => this.#alive && listener.onDisconnect(error),
    };
    this.#listeners.push(guarded);
    return guarded;
  }

  #logger(): Logger {
    return pino(
      { level: 'debug', base: null, timestamp: false },
      { write: (line) => this.#alive && this.#simulation.log(line) },
    );
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
