import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AutoServeError, messageOf } from '../error.ts';
import { listenText, type ListenAddress } from './listen-address.ts';

export interface ApiOptions {
  listen: ListenAddress;
  /** The page for Prometheus. */
  metrics: { contentType: string; page(): Promise<string> };
  /** How long ago the loop last turned, in milliseconds. */
  lastPassAgeMs: () => number;
  /** From when on that is too long. */
  stalledAfterMs: number;
  /** What AutoServe needs to do its work, by name; a check that throws says what is missing. */
  checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** How long a check may take. */
  checkMs?: number;
  /** Hears of requests that could not be answered for a fault of ours. */
  onError: (error: unknown) => void;
}

export interface Api {
  /** Where it listens; the port is the one the system chose when 0 was asked for. */
  address: ListenAddress;
  /** Answers what has been asked and closes. */
  close(): Promise<void>;
}

const CHECK_MS = 2_000;
const REQUEST_MS = 5_000;
const KEEP_ALIVE_MS = 10_000;
const CLOSE_MS = 2_000;
/** Scrapers and probes are few. */
const MOST_CONNECTIONS = 256;

interface Reply {
  status: number;
  contentType: string;
  body: string;
}

/**
 * Serves `/metrics`, `/healthz` (200 while the loop turns) and `/readyz` (200 when all that it needs can be reached, with
 * what cannot). Throws `AutoServeError` `ListenFailed` when it cannot listen.
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const routes = routesOf(options);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => void answer(request, response, routes, options.onError),
  );
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options.listen);
  server.on('error', options.onError);
  const { port } = server.address() as AddressInfo;
  return { address: { host: options.listen.host, port }, close: () => close(server) };
}

type Routes = ReadonlyMap<string, () => Promise<Reply>>;

function routesOf({
  metrics,
  lastPassAgeMs,
  stalledAfterMs,
  checks,
  checkMs = CHECK_MS,
}: ApiOptions): Routes {
  return new Map([
    ['/metrics', async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.page() })],
    [
      '/healthz',
      async () => {
        const ageMs = lastPassAgeMs();
        const healthy = ageMs < stalledAfterMs;
        return json(healthy ? 200 : 503, { healthy, secondsSinceLastPass: ageMs / 1_000 });
      },
    ],
    [
      '/readyz',
      async () => {
        const results = await Promise.all(
          Object.entries(checks).map(
            async ([name, check]) => [name, await resultOf(check, checkMs)] as const,
          ),
        );
        const ready = results.every(([, result]) => result === 'ok');
        return json(ready ? 200 : 503, { ready, checks: Object.fromEntries(results) });
      },
    ],
  ]);
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  routes: Routes,
  onError: (error: unknown) => void,
): Promise<void> {
  const route = routes.get(url.split('?', 1)[0] ?? '');
  if (!route) {
    send(response, json(404, { error: 'not found', paths: [...routes.keys()] }));
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, json(405, { error: 'method not allowed' }));
  } else {
    try {
      send(response, await route());
    } catch (error) {
      onError(error);
      send(response, json(500, { error: messageOf(error) }));
    }
  }
}

/** Node leaves the body of an answer to HEAD out by itself. */
function send(response: ServerResponse, { status, contentType, body }: Reply): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

function json(status: number, value: object): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

/** `ok`, or what is wrong. */
async function resultOf(check: () => Promise<unknown>, ms: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${ms / 1_000} s`), ms);
  });
  try {
    return await Promise.race([check().then(() => 'ok'), late]);
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  server.listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, address);
  }
}

function listenError(error: unknown, address: ListenAddress): AutoServeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = listenText(address);
  const [reason, remedy] = REASONS[code] ?? [messageOf(error), 'choose another address with --listen'];
  return new AutoServeError('ListenFailed', `cannot listen on ${where}: ${reason}`, {
    remedy: remedy.replace('PORT', String(address.port)),
    cause: error,
  });
}

const REASONS: Partial<Record<string, [reason: string, remedy: string]>> = {
  EADDRINUSE: [
    'another process has that port',
    'choose another with --listen, or see who has it: `ss -ltnp "sport = :PORT"`',
  ],
  EACCES: ['this user may not', 'choose a port of 1024 or above with --listen'],
  EADDRNOTAVAIL: [
    'this host has no such address',
    'choose an address of this host with --listen; 0.0.0.0 is all of them',
  ],
  ENOTFOUND: ['there is no such host name', 'choose an address of this host with --listen'],
};

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  // Idle connections are closed at once, the others when they are answered.
  server.close();
  const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed;
  clearTimeout(force);
}
