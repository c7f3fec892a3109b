import type { Histogram } from 'hdr-histogram-js';
import { HttpConnection, type HttpServer } from './http-connection.ts';

const CONNECTIONS = 64;

/** Requests to one server, over connections that are kept. */
export class HttpLoad {
  readonly #connections: HttpConnection[];
  #onAnswer: (connection: HttpConnection) => void = () => {};
  #onError: (error: Error) => void = () => {};

  /** Resolves when all of them are connected. */
  static async open(server: HttpServer): Promise<HttpLoad> {
    const load = new HttpLoad(server);
    await new Promise<void>((resolve, reject) => {
      load.#onError = reject;
      Promise.all(load.#connections.map((connection) => connection.connected())).then(
        () => resolve(),
        reject,
      );
    });
    return load;
  }

  private constructor(server: HttpServer) {
    const onAnswer = (connection: HttpConnection): void => this.#onAnswer(connection);
    const onError = (error: Error): void => this.#onError(error);
    const each = { ...server, onAnswer, onError };
    this.#connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection(each));
  }

  /** As many as get an answer, each connection sending its next request then: how many a second. */
  async most(seconds: number): Promise<number> {
    const begin = performance.now();
    const end = begin + seconds * 1_000;
    let answered = 0;
    let busy = CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      this.#onError = reject;
      this.#onAnswer = (connection) => {
        answered += 1;
        if (performance.now() < end) connection.ask();
        else if ((busy -= 1) === 0) resolve();
      };
      for (const connection of this.#connections) connection.ask();
    });
    return (answered * 1_000) / (performance.now() - begin);
  }

  /** A steady rate, whatever the answers take: how long they took from when each was due goes to `latency`, in microseconds. */
  async steady(perSecond: number, seconds: number, latency: Histogram): Promise<void> {
    const count = Math.floor(perSecond * seconds);
    let answered = 0;
    const idle = [...this.#connections];
    const begin = performance.now();
    let asked = 0;
    const askDue = (): void => {
      const now = performance.now();
      for (; asked < count; asked += 1) {
        const due = begin + (asked * 1_000) / perSecond;
        const connection = due <= now ? idle.pop() : undefined;
        if (!connection) return;
        connection.due = due;
        connection.ask();
      }
    };
    const timer = setInterval(askDue, 1);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#onError = reject;
        this.#onAnswer = (connection) => {
          latency.recordValue(Math.round((performance.now() - connection.due) * 1_000));
          idle.push(connection);
          if ((answered += 1) === count) resolve();
        };
      });
    } finally {
      clearInterval(timer);
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
