import { connect } from 'node:net';
import type { Clock } from '../clock.ts';

/** How a connection to a port fares; `unknown` for whatever says nothing of it, such as no answer in time. */
export type Knock = (address: string, port: number) => Promise<'open' | 'refused' | 'unknown'>;

export interface PortWatchOptions {
  /** Of the engine's host. */
  address: string;
  ports: readonly number[];
  knock: Knock;
  /** Whether nginx itself answers, by another way. */
  answers: () => Promise<boolean>;
  onLost: (port: number) => void;
  clock: Clock;
}

const LOOK_MS = 5_000;
const ANSWER_MS = 2_000;
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/**
 * Notices that the engine does not pass on what comes in at a published port, though nginx runs: Docker before version 23
 * may end its process for a port whenever a thread of its own ends (moby, `proxy_linux.go`), and tells nobody. All
 * requests to a loopback address need that process; those to others do not, so that they are not judged by it.
 */
export class PortWatch {
  readonly #options: PortWatchOptions;
  #cancel: (() => void) | undefined;
  #round = 0;
  /** A container was found cut off, and none has been reached since: another one would not help. */
  #helpless = false;

  constructor(options: PortWatchOptions) {
    this.#options = options;
  }

  /** From now on, of a container that has just begun to serve. */
  begin(): void {
    this.end();
    if (LOOPBACK.test(this.#options.address)) this.#schedule(this.#round);
  }

  end(): void {
    this.#round += 1;
    this.#cancel?.();
  }

  #schedule(round: number): void {
    this.#cancel = this.#options.clock.schedule(LOOK_MS, () => void this.#look(round));
  }

  async #look(round: number): Promise<void> {
    const { ports, onLost } = this.#options;
    const found = await Promise.all(ports.map(async (port) => await this.#isLost(port)));
    if (round !== this.#round) return;
    const lost = this.#helpless ? undefined : ports[found.indexOf(true)];
    this.#helpless = found.includes(true);
    if (lost === undefined) this.#schedule(round);
    else onLost(lost);
  }

  /** Twice, with an answer of nginx between: it did not just end, nor begin. An engine on another host gives none. */
  async #isLost(port: number): Promise<boolean> {
    const { address, knock, answers } = this.#options;
    const refused = async (): Promise<boolean> => (await knock(address, port)) === 'refused';
    return (await refused()) && (await answers()) && (await refused());
  }
}

/** Connects, and closes at once. */
export const knock: Knock = async (address, port) =>
  await new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: ANSWER_MS });
    const settle = (outcome: Awaited<ReturnType<Knock>>): void => {
      resolve(outcome);
      socket.destroy();
    };
    socket.on('connect', () => settle('open'));
    socket.on('timeout', () => settle('unknown'));
    socket.on('error', (error) =>
      settle('code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'unknown'),
    );
  });
