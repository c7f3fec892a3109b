import { build } from 'hdr-histogram-js';
import { Pool } from 'undici';

const CONNECTIONS = 64;

/** Requests to one address of 127.0.0.1, over connections that are kept. */
export class HttpLoad {
  readonly #pool: Pool;
  readonly #host: string;

  constructor(port: number, host: string) {
    this.#pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
    this.#host = host;
  }

  /** As many as get an answer, each connection sending its next request then: how many a second. */
  async most(seconds: number): Promise<number> {
    const begin = performance.now();
    const end = begin + seconds * 1_000;
    let answered = 0;
    const ask = async (): Promise<void> => {
      while (performance.now() < end) {
        await this.#ask();
        answered += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, ask));
    return (answered * 1_000) / (performance.now() - begin);
  }

  /** A steady rate, whatever the answers take: their 99th percentile in milliseconds, from when each was due. */
  async p99(perSecond: number, seconds: number): Promise<number> {
    const latency = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 });
    const begin = performance.now();
    const count = perSecond * seconds;
    const asked: Promise<void>[] = [];
    while (asked.length < count) {
      const now = performance.now();
      for (let due = dueAt(asked.length); due <= now && asked.length < count; due = dueAt(asked.length)) {
        const answered = this.#ask().then(() =>
          latency.recordValue(Math.round((performance.now() - due) * 1_000)),
        );
        asked.push(answered);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(asked);
    return latency.getValueAtPercentile(99) / 1_000;

    function dueAt(index: number): number {
      return begin + (index * 1_000) / perSecond;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #ask(): Promise<void> {
    const { statusCode, body } = await this.#pool.request({
      path: '/',
      method: 'GET',
      headers: { host: this.#host },
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`status ${statusCode} from ${this.#host}`);
  }
}
