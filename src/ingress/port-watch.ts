import { connect } from 'node:net';
import type { Clock } from '../clock.ts';

/** How a connection to a port fares; `unknown` for whatever says nothing of it, such as no answer in time. */
export type Knock = (address: string, port: number) => Promise<'open' | 'refused' | 'unknown'>;

export interface PortWatchOptions {
  /** Of the engine's host. */
  address: string;
  port: number;
  knock: Knock;
  /** Whether nginx itself answers, by another way. */
  answers: () => Promise<boolean>;
  onLost: () => void;
  clock: Clock;
}

const LOOK_MS = 5_000;
const ANSWER_MS = 2_000;

/**
 * Notices that the engine does not pass on any more what comes in at a published port, though nginx runs: Docker before
 * version 23 may end its process for a port whenever a thread of its own ends (moby, `proxy_linux.go`), and tells nobody.
 * A port that never was open says nothing, for the engine's host may be another one.
 */
export class PortWatch {
  readonly #options: PortWatchOptions;
  #cancel: (() => void) | undefined;
  #round = 0;

  constructor(options: PortWatchOptions) {
    this.#options = options;
  }

  /** From now on, of a container that has just begun to serve. */
  begin(): void {
    this.end();
    this.#schedule(this.#round, false);
  }

  end(): void {
    this.#round += 1;
    this.#cancel?.();
  }

  #schedule(round: number, opened: boolean): void {
    this.#cancel = this.#options.clock.schedule(LOOK_MS, () => void this.#look(round, opened));
  }

  async #look(round: number, opened: boolean): Promise<void> {
    const { address, port, knock, answers, onLost } = this.#options;
    const found = await knock(address, port);
    // Twice, with an answer of nginx between: it did not just end, nor begin.
    const lost =
      opened && found === 'refused' && (await answers()) && (await knock(address, port)) === 'refused';
    if (round !== this.#round) return;
    if (lost) onLost();
    else this.#schedule(round, opened || found === 'open');
  }
}

const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Connects, and closes at once. */
export const knock: Knock = async (address, port) =>
  await new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK[address] ?? address, port, timeout: ANSWER_MS });
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
