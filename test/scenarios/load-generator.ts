/**
 * Sends requests at a steady rate, however long the answers take, and counts what becomes of every single one. It tries
 * nothing a second time. `Load` runs it.
 */
import { Agent, request, type ClientRequest } from 'node:http';
import { build } from 'hdr-histogram-js';

export interface LoadOptions {
  /** Of the ingress, on 127.0.0.1. */
  port: number;
  host: string;
  perSecond: number;
  /** After so many no more is sent. */
  most: number;
  /** Shares of all requests, from 0 to 1: */
  kept: number;
  slow: number;
  posted: number;
  /** By path, of those that ask for it instead; none without. */
  others?: Record<string, number>;
}

export interface LoadReport {
  sent: number;
  answered: number;
  /** By status, or by what went wrong. */
  outcomes: Record<string, number>;
  /** Of what was served, in milliseconds. */
  latency: Record<'p50' | 'p95' | 'p99' | 'max', number>;
  /** How many were not answered with status 200. */
  failed: number;
  /** What is known of them; of the first ones alone when there are many. */
  failures: Failure[];
}

export interface Failure {
  reason: string;
  method: string;
  path: string;
  /** Whether the connection had served another request before. */
  kept: boolean;
  sentAt: Date;
  ms: number;
}

const TICK_MS = 5;
const TIMEOUT_MS = 30_000;
const MOST_FAILURES = 1_000;
const SLOW_MS = 300;

const options = JSON.parse(process.argv[2] ?? '') as LoadOptions;
/** Its connections are used in turn, as those of many clients are, so that none is kept in vain. */
const kept = new Agent({ keepAlive: true, scheduling: 'fifo' });
const latency = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 });
const outcomes: Record<string, number> = {};
const failures: Failure[] = [];
const began = performance.now();
let sent = 0;
let answered = 0;
let failed = 0;
let stopped = false;

function report(): LoadReport {
  const ms = (percent: number): number => latency.getValueAtPercentile(percent) / 1_000;
  return {
    sent,
    answered,
    outcomes,
    latency: { p50: ms(50), p95: ms(95), p99: ms(99), max: ms(100) },
    failed,
    failures,
  };
}

function send(): void {
  const method = Math.random() < options.posted ? 'POST' : 'GET';
  const path = anyPath();
  const agent = Math.random() < options.kept && kept;
  sent += 1;
  const sentAt = new Date();
  const start = performance.now();
  let settled = false;
  const settle = (reason: string): void => {
    if (settled) return;
    settled = true;
    answered += 1;
    outcomes[reason] = (outcomes[reason] ?? 0) + 1;
    const ms = performance.now() - start;
    if (reason === '200') {
      latency.recordValue(Math.round(ms * 1_000));
      return;
    }
    failed += 1;
    if (failures.length < MOST_FAILURES)
      failures.push({ reason, method, path, kept: asked.reusedSocket, sentAt, ms: Math.round(ms) });
  };
  const asked: ClientRequest = request(
    {
      host: '127.0.0.1',
      port: options.port,
      method,
      path,
      agent,
      headers: { host: options.host },
      timeout: TIMEOUT_MS,
    },
    (response) => {
      response.resume();
      response.on('end', () => settle(String(response.statusCode)));
      response.on('error', (error) => settle(reasonOf(error)));
    },
  );
  asked.on('timeout', () => asked.destroy(new Error('timeout')));
  asked.on('error', (error) => settle(reasonOf(error)));
  asked.end(method === 'POST' ? 'posted' : undefined);
}

function anyPath(): string {
  const shares = { ...options.others, [`/sleep?ms=${SLOW_MS}`]: options.slow };
  let rest = Math.random();
  for (const [path, share] of Object.entries(shares)) {
    if (rest < share) return path;
    rest -= share;
  }
  return '/';
}

function reasonOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}

const timer = setInterval(() => {
  const due = Math.min(options.most, ((performance.now() - began) / 1_000) * options.perSecond);
  if (stopped) return;
  for (let missing = Math.ceil(due - sent); missing > 0; missing -= 1) send();
}, TICK_MS);

function inFlight(): number {
  return sent - answered;
}

async function end(): Promise<void> {
  stopped = true;
  clearInterval(timer);
  while (inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  process.send?.(report(), () => process.exit(0));
}

process.on('message', (what) => {
  if (what === 'report') process.send?.(report());
  else void end();
});
process.on('disconnect', () => process.exit(1));
process.send?.('started');
