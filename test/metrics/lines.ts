import type { AccessEntry } from '../../src/metrics/access-log.ts';

/** What nginx writes for an entry, in its order and number format. */
export function lineOf({
  app,
  status,
  upstream,
  requestTime,
  connectTime,
}: Omit<AccessEntry, 'connectTime'> & { connectTime?: number | null }): string {
  const list = (values: readonly string[]): string => values.join(', ') || '-';
  const connects = upstream.map((_, index) =>
    index === upstream.length - 1 ? timeText(connectTime ?? null) : '0.000',
  );
  return [
    app ?? '',
    list(upstream.map(({ address }) => address)),
    list(
      upstream.map((attempt) => (attempt.status === null ? '-' : String(attempt.status).padStart(3, '0'))),
    ),
    String(status).padStart(3, '0'),
    timeText(requestTime),
    list(upstream.map(({ responseTime }) => timeText(responseTime))),
    list(connects),
  ].join('\t');
}

function timeText(ms: number | null): string {
  if (ms === null) return '-';
  return `${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, '0')}`;
}

export interface Request {
  app?: string | null;
  /** Null when no instance was asked. */
  address?: string | null;
  status?: number;
  ms?: number;
  connectMs?: number | null;
}

/** The line of a request that one instance answered at once. */
export function request({
  app = 'web',
  address = '10.0.0.2:80',
  status = 200,
  ms = 10,
  connectMs = 0,
}: Request = {}) {
  return lineOf({
    app,
    status,
    upstream: address === null ? [] : [{ address, status, responseTime: ms }],
    requestTime: ms,
    connectTime: address === null ? null : connectMs,
  });
}
