import type { Clock } from '../clock.ts';
import type { Configuration } from './configuration.ts';
import { ensureContainer, type NginxEngine, type NginxPlace } from './container.ts';
import { awaitStart, servingSlot } from './deployment.ts';
import type { Slot } from './layout.ts';
import { PortWatch, type Knock } from './port-watch.ts';
import type { askStatus } from './status.ts';
import { parseStubStatus, type StubStatus } from './stub-status.ts';

/** A container, and what it serves by. */
export interface Serving {
  id: string;
  ip: string | null;
  slot: Slot;
  /** Of the configuration in force; undefined when nobody knows. */
  generation: string | undefined;
}

export interface NginxContainerOptions {
  engine: NginxEngine;
  place: NginxPlace;
  clock: Clock;
  ask: typeof askStatus;
  knock: Knock;
  /** One that served was ended, changed or removed. */
  onEnded: () => void;
  /** It takes long until one runs again. */
  onStillDown: () => void;
  /** The engine does not lead to the one that serves any more: the next `ensure` makes another one, and its port with it. */
  onCutOff: (port: number) => void;
}

/** The one container of nginx, through all of its replacements. */
export class NginxContainer {
  readonly #options: NginxContainerOptions;
  readonly #port: PortWatch;
  #serving: Serving | undefined;
  #cutOff: string | undefined;
  #down = false;

  constructor(options: NginxContainerOptions) {
    this.#options = options;
    const { place, knock, clock, onCutOff } = options;
    this.#port = new PortWatch({
      address: place.address,
      ports: place.tlsPort === null ? [place.port] : [place.port, place.tlsPort],
      knock,
      clock,
      answers: async () => (await this.stubStatus()) !== null,
      onLost: (port) => {
        this.#cutOff = this.#serving?.id;
        onCutOff(port);
      },
    });
  }

  /** That of the last `ensure`. */
  get serving(): Serving | undefined {
    return this.#serving;
  }

  /** Whether it is certain that none runs. */
  get down(): boolean {
    return this.#down;
  }

  /**
   * Makes sure that it runs as it should.
   *
   * @param first what a new one begins with
   */
  async ensure(first: Configuration, signal: AbortSignal): Promise<void> {
    const { engine, place, clock, ask } = this.#options;
    const useless = this.#cutOff;
    const onDown = (): void => this.#noteDown();
    const { container, isNew } = await ensureContainer(engine, place, { first, useless, onDown, signal });
    const known = this.#serving;
    const { id, ip } = container;
    if (isNew) {
      await awaitStart(engine, id, clock);
      this.#serving = { id, ip, slot: 'a', generation: first.generation };
    } else if (known?.id !== id || known.ip !== ip) {
      const loaded = ip ? (await ask(ip, '/configuration'))?.trim() : undefined;
      this.#serving = { id, ip, ...(await servingSlot(engine, id, loaded)) };
    }
    if (known?.id !== id) this.#port.begin();
    this.#down = false;
  }

  /** Null when nginx does not run or cannot be reached from here. */
  async stubStatus(): Promise<StubStatus | null> {
    const ip = this.#serving?.ip;
    const page = ip && (await this.#options.ask(ip, '/status'));
    return (page && parseStubStatus(page)) || null;
  }

  /** Leaves it running. */
  close(): void {
    this.#port.end();
  }

  #noteDown(): void {
    const { onEnded, onStillDown } = this.#options;
    if (this.#down) onStillDown();
    else if (this.#serving && this.#serving.id !== this.#cutOff) onEnded();
    this.#down = true;
    this.#port.end();
    this.#serving = undefined;
  }
}
