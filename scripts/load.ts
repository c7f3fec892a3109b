/** Requests to an app behind the ingress of this machine: of the demo, and of the tests. */
import { Agent, get, type RequestOptions } from 'node:http';
import { setTimeout } from 'node:timers/promises';

export interface LoadOptions {
  /** Of the ingress, on 127.0.0.1. */
  port: number;
  host: string;
  path?: string;
  perSecond: number;
  /** After which no more is sent. */
  seconds: number;
  /** Ends it earlier. */
  signal?: AbortSignal;
}

export interface LoadReport {
  served: number;
  /** Why each of the others was not: a status, or what became of the connection. */
  failures: string[];
}

const TICK_MS = 20;
/** What cannot be sent because so many are unanswered is left out. */
const MOST_IN_FLIGHT = 100;
const TIMEOUT_MS = 20_000;
/** A connection that was kept has ended before the request came: it has gone nowhere, and another takes it. */
const CLOSED = 'closed';

/** Sends so many requests a second, whatever the answers take, and returns when all of them are answered. */
export async function sendLoad(options: LoadOptions): Promise<LoadReport> {
  const { perSecond, seconds, signal } = options;
  const agent = new Agent({ keepAlive: true });
  const report: LoadReport = { served: 0, failures: [] };
  const inFlight = new Set<Promise<void>>();
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1_000;
  const ended = (): boolean => elapsed() >= seconds || signal?.aborted === true;
  let due = 0;
  while (!ended()) {
    for (; due < elapsed() * perSecond; due += 1) {
      if (inFlight.size >= MOST_IN_FLIGHT) continue;
      const request = ask(options, agent).then((failure) => {
        if (failure === null) report.served += 1;
        else report.failures.push(failure);
        inFlight.delete(request);
      });
      inFlight.add(request);
    }
    await setTimeout(TICK_MS);
  }
  await Promise.all(inFlight);
  agent.destroy();
  return report;
}

/** Why one request is not answered with status 200; null when it is. */
export async function ask(
  { port, host, path = '/' }: Pick<LoadOptions, 'port' | 'host' | 'path'>,
  agent?: Agent,
): Promise<string | null> {
  // By address, for not every resolver knows names under localhost.
  const target = { host: '127.0.0.1', port, path, headers: { host: `${host}:${port}` } };
  const options = { ...target, ...(agent ? { agent } : {}), signal: AbortSignal.timeout(TIMEOUT_MS) };
  for (;;) {
    const failure = await send(options);
    if (failure !== CLOSED) return failure;
  }
}

async function send(options: RequestOptions): Promise<string | null> {
  return await new Promise((resolve) => {
    const request = get(options, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode === 200 ? null : `status ${reply.statusCode}`));
      reply.on('error', (error) => resolve(error.message));
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      resolve(request.reusedSocket && error.code === 'ECONNRESET' ? CLOSED : error.message),
    );
  });
}
