// The sample web server of the demo and the tests: it shows who it is, and misbehaves on request.
//
//   GET /                    who answers: name and version (text, or JSON with `Accept: application/json`)
//   GET /health              200, or what `?set=` asked for before: ok, fail (503), hang (no answer), flaky (every
//                            other reply is a 500) or redirect (to HEALTH_REDIRECT)
//   GET /burn?ms=            uses CPU that long
//   GET /memory?mb=          holds that much memory from now on; 0 lets go of it
//   GET /sleep?ms=           answers that much later
//
// Environment: PORT (8080), HEALTH (ok), HEALTH_REDIRECT (/), IGNORE_SIGTERM=1, CRASH_AFTER (seconds), CRASH_CODE (1).
// Every line on stdout is one JSON object; with LOG_DIR they are also in a file there, which is named after the host.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const MAX_BURN_MS = 60_000;
const MAX_SLEEP_MS = 600_000;
const MAX_MEMORY_MB = 4096;
const BURN_SLICE_MS = 10;
const HEALTH_STATES = ['ok', 'fail', 'hang', 'flaky', 'redirect'];

const { env } = process;
const version = env.DEMO_WEB_VERSION ?? 'dev';
const port = numberFrom('PORT', env.PORT ?? '8080', 65_535);

let health = healthFrom('HEALTH', env.HEALTH ?? 'ok');
let healthReplies = 0;
let requests = 0;
let requestsInHand = 0;
let held = Buffer.alloc(0);
const hung = new Set();

class BadInput extends Error {}

function numberFrom(name, text, max) {
  const value = text === null || text.trim() === '' ? NaN : Number(text);
  if (!(value >= 0 && value <= max))
    throw new BadInput(`${name} must be a number from 0 to ${max}, not "${text}"`);
  return value;
}

function healthFrom(name, text) {
  if (!HEALTH_STATES.includes(text))
    throw new BadInput(`${name} must be ${HEALTH_STATES.join(', ')}, not "${text}"`);
  return text;
}

function log(event, fields) {
  const line = `${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`;
  process.stdout.write(line);
  if (env.LOG_DIR) appendFileSync(`${env.LOG_DIR}/${hostname()}.log`, line);
}

/** Burns in slices, so that the other requests (a health check, say) are still answered. */
function burn(ms, done) {
  const end = performance.now() + ms;
  const slice = () => {
    const sliceEnd = Math.min(end, performance.now() + BURN_SLICE_MS);
    while (performance.now() < sliceEnd);
    if (performance.now() < end) setImmediate(slice);
    else done();
  };
  slice();
}

function respond(response, status, body, type = 'text/plain; charset=utf-8') {
  response.writeHead(status, { 'content-type': type, ...(stopping ? { connection: 'close' } : {}) });
  response.end(body);
}

const routes = {
  '/': (request, _query, response) => {
    const self = { name: hostname(), version, pid: process.pid, requestsInHand };
    if (request.headers.accept?.includes('application/json')) {
      respond(response, 200, `${JSON.stringify(self)}\n`, 'application/json');
    } else {
      respond(response, 200, `demo-web ${version} on ${self.name}\n`);
    }
  },
  '/health': (_request, query, response) => {
    const set = query.get('set');
    if (set !== null) {
      health = healthFrom('set', set);
      for (const waiting of hung) waiting.destroy();
      return respond(response, 200, `health is now ${health}\n`);
    }
    if (health === 'hang') {
      hung.add(response);
      return response.on('close', () => hung.delete(response));
    }
    if (health === 'redirect') {
      response.setHeader('location', env.HEALTH_REDIRECT ?? '/');
      return respond(response, 302, 'elsewhere\n');
    }
    healthReplies++;
    const status = { ok: 200, fail: 503, flaky: healthReplies % 2 === 0 ? 200 : 500 }[health];
    return respond(response, status, `${health}\n`);
  },
  '/burn': (_request, query, response) => {
    const ms = numberFrom('ms', query.get('ms'), MAX_BURN_MS);
    burn(ms, () => respond(response, 200, `burned ${ms} ms\n`));
  },
  '/memory': (_request, query, response) => {
    const mb = numberFrom('mb', query.get('mb'), MAX_MEMORY_MB);
    held = Buffer.alloc(mb * 1024 * 1024, 1); // filled, for the kernel counts only pages that were written
    respond(response, 200, `holding ${held.length / 1024 / 1024} MiB\n`);
  },
  '/sleep': (_request, query, response) => {
    const ms = numberFrom('ms', query.get('ms'), MAX_SLEEP_MS);
    const timer = setTimeout(() => respond(response, 200, `slept ${ms} ms\n`), ms);
    response.on('close', () => clearTimeout(timer));
  },
};

const server = createServer((request, response) => {
  const started = performance.now();
  const { method, url } = request;
  const number = ++requests;
  requestsInHand++;
  log('begin', { number, method, url });
  response.on('close', () => {
    requestsInHand--;
    const ms = Math.round(performance.now() - started);
    if (response.writableFinished) log('request', { number, method, url, status: response.statusCode, ms });
    else log('aborted', { number, method, url, ms });
  });
  try {
    const { pathname, searchParams } = new URL(request.url, 'http://demo-web');
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (route) route(request, searchParams, response);
    else respond(response, 404, `no ${pathname} here; try ${Object.keys(routes).join(' ')}\n`);
  } catch (error) {
    if (!(error instanceof BadInput || error.code === 'ERR_INVALID_URL')) throw error;
    respond(response, 400, `${error.message}\n`);
  }
});

let stopping = false;
function stop(signal) {
  log('signal', { signal, ignored: env.IGNORE_SIGTERM === '1', requestsInHand });
  if (env.IGNORE_SIGTERM === '1' || stopping) return;
  stopping = true;
  for (const waiting of hung) waiting.destroy();
  server.close(() => {
    log('exit', { code: 0 });
    process.exit(0);
  });
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

if (env.CRASH_AFTER !== undefined) {
  const code = numberFrom('CRASH_CODE', env.CRASH_CODE ?? '1', 255);
  setTimeout(
    () => {
      log('crash', { code });
      process.exit(code);
    },
    numberFrom('CRASH_AFTER', env.CRASH_AFTER, 86_400) * 1000,
  );
}

server.listen(port, () =>
  log('start', { version, name: hostname(), pid: process.pid, port: server.address().port }),
);
