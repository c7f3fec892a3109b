import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../error.ts';
import type { HealthCheck } from '../../manifest/app.gen.ts';
import type { Probe } from '../../store/instance-health.ts';

/** What one probe found. */
export type ProbeResult = Omit<Probe, 'at'>;

/**
 * Looks once whether an instance works. Resolves within the check's timeout whatever the instance does, and never
 * rejects: every failure is a result.
 *
 * @param ip the instance's own address; nothing else is ever connected to
 * @param signal gives up at once
 */
export type ProbeInstance = (ip: string, check: HealthCheck, signal: AbortSignal) => Promise<ProbeResult>;

type Finding = Pick<ProbeResult, 'ok' | 'code' | 'message'>;

/** Most of a reply's body that is read: more than this proves nothing more. */
const MOST_BODY_BYTES = 64 * 1024;

/** Probes over the network. The timeout is over all of it: connection, headers and body of the reply. */
export const probeInstance: ProbeInstance = (ip, check, signal) => {
  const began = performance.now();
  return new Promise((resolve) => {
    let settled = false;
    let abandon = (): void => {};
    const settle = (finding: Finding): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', called);
      abandon();
      resolve({ ...finding, latencyMs: Math.round(performance.now() - began) });
    };
    const called = (): void => settle(failure('called off'));
    const timer = setTimeout(
      () => settle(failure(`timed out after ${check.timeoutSeconds} s`)),
      check.timeoutSeconds * 1_000,
    );
    signal.addEventListener('abort', called);
    if (signal.aborted) return called();
    try {
      abandon = check.protocol === 'TCP' ? probeTcp(ip, check, settle) : probeHttp(ip, check, settle);
    } catch (error) {
      settle(failure(explain(error)));
    }
  });
};

/** Connects and leaves. */
function probeTcp(host: string, { port }: HealthCheck, settle: (finding: Finding) => void): () => void {
  const socket: Socket = connect({ host, port });
  socket.once('connect', () => settle({ ok: true, code: null, message: 'connected' }));
  socket.on('error', (error) => settle(failure(explain(error))));
  return () => socket.destroy();
}

/** One request on a connection of its own; a redirect is a status like any other. */
function probeHttp(host: string, check: HealthCheck, settle: (finding: Finding) => void): () => void {
  const { port, method, path, body } = check;
  const judge = ({ statusCode = 0 }: IncomingMessage): Finding => judgeStatus(statusCode, check);
  const exchange = request({ host, port, method, path, headers: headersOf(check), agent: false });
  exchange.on('response', (reply) => {
    const finding = judge(reply);
    if (!finding.ok) return settle(finding);
    let received = 0;
    reply.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= MOST_BODY_BYTES) settle(finding);
    });
    reply.on('end', () => settle(finding));
    reply.on('error', () => settle({ ...failure('the reply broke off'), code: finding.code }));
  });
  exchange.on('upgrade', (reply, socket) => {
    socket.destroy();
    settle(judge(reply));
  });
  exchange.on('error', (error) => settle(failure(explain(error))));
  exchange.end(body);
  return () => exchange.destroy();
}

function judgeStatus(code: number, { expectedStatusCodes }: HealthCheck): Finding {
  if (expectedStatusCodes.includes(code)) return { ok: true, code, message: String(code) };
  const redirect = code >= 300 && code < 400 && code !== 304 ? ' (redirects are not followed)' : '';
  return { ok: false, code, message: `${code}${redirect}, expected ${expectedStatusCodes.join(' or ')}` };
}

/** Header names are the same in any case; one that is given twice is sent twice. */
function headersOf({ headers, body }: HealthCheck): Record<string, string | string[]> {
  const given = new Map<string, string[]>();
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    given.set(key, [...(given.get(key) ?? []), value]);
  }
  const single = [...given].map(
    ([name, values]) => [name, values.length === 1 ? values[0] : values] as const,
  );
  return Object.fromEntries([
    ['user-agent', 'autoserve'],
    ...(body === '' || given.has('transfer-encoding')
      ? []
      : [['content-length', String(Buffer.byteLength(body))]]),
    ...single,
  ]) as Record<string, string | string[]>;
}

function failure(message: string): Finding {
  return { ok: false, code: null, message };
}

const EXPLANATIONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed without a reply',
  EPIPE: 'the connection was closed without a reply',
  EHOSTUNREACH: 'no route to the instance',
  ENETUNREACH: 'no route to the instance',
  ETIMEDOUT: 'the connection timed out',
};

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return `the reply is not valid HTTP: ${messageOf(error)}`;
  return EXPLANATIONS[code] ?? messageOf(error);
}
