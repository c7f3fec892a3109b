/**
 * One request as the ingress logged it. A line is seven fields with tabs between them, in the order of nginx's variables
 * `$autoserve_app $upstream_addr $upstream_status $status $request_time $upstream_response_time $upstream_connect_time`.
 * Times are in milliseconds here; nginx writes seconds with three decimals.
 */
export interface AccessEntry {
  /** Null for a request that belongs to no app, such as one for an unknown host. */
  app: string | null;
  /** As the client got it. */
  status: number;
  /** Every instance that was asked, in order: the last one answered, or is the one that was given up on. */
  upstream: Attempt[];
  /** From the first byte of the request to the last byte of the response. */
  requestTime: number;
  /** Until the last attempt was connected; null when it never was. */
  connectTime: number | null;
}

export interface Attempt {
  /** `ip:port`; or a group's name when nginx found nobody in it to ask. */
  address: string;
  /** Null when nothing was answered. */
  status: number | null;
  /** From the beginning of the connection to the last byte of the response; null when there was none. */
  responseTime: number | null;
}

/** A request is tried on a few instances at most; a line beyond this is none of ours. */
const LONGEST_LINE = 2_048;
const LONGEST_APP = 253;

/** Reads one line without its end; undefined for anything that nginx would not have written. It never throws. */
export function parseAccessLine(line: string): AccessEntry | undefined {
  if (line.length > LONGEST_LINE) return undefined;
  const addressAt = line.indexOf('\t') + 1;
  const upstreamStatusAt = line.indexOf('\t', addressAt) + 1;
  const statusAt = line.indexOf('\t', upstreamStatusAt) + 1;
  const requestTimeAt = line.indexOf('\t', statusAt) + 1;
  const responseTimeAt = line.indexOf('\t', requestTimeAt) + 1;
  const connectTimeAt = line.indexOf('\t', responseTimeAt) + 1;
  // A search that fails gives 0, from where the next one begins anew: then the positions do not rise.
  const rising =
    addressAt > 0 &&
    upstreamStatusAt > addressAt &&
    statusAt > upstreamStatusAt &&
    requestTimeAt > statusAt &&
    responseTimeAt > requestTimeAt &&
    connectTimeAt > responseTimeAt;
  if (!rising) return undefined;

  const app = appName(line, 0, addressAt - 1);
  const status = statusCode(line, statusAt, requestTimeAt - 1);
  const requestTime = milliseconds(line, requestTimeAt, responseTimeAt - 1);
  if (app === undefined || status === undefined || requestTime === undefined) return undefined;
  const entry: AccessEntry = { app, status, upstream: [], requestTime, connectTime: null };
  const complete = readAttempts(
    line,
    { from: addressAt, to: upstreamStatusAt - 1 },
    { from: upstreamStatusAt, to: statusAt - 1 },
    { from: responseTimeAt, to: connectTimeAt - 1 },
    { from: connectTimeAt, to: line.length },
    entry,
  );
  return complete ? entry : undefined;
}

interface Range {
  from: number;
  to: number;
}

/**
 * Reads the four lists of the attempts in step: `a, b` after a retry, `a : b` after an internal redirect, `-` for none.
 * False when one has fewer members than the others.
 */
function readAttempts(
  line: string,
  addresses: Range,
  statuses: Range,
  responses: Range,
  connects: Range,
  entry: AccessEntry,
): boolean {
  if (isDash(line, addresses.from, addresses.to)) return isDash(line, connects.from, connects.to);
  for (;;) {
    const addressEnd = memberEnd(line, addresses);
    const statusEnd = memberEnd(line, statuses);
    const responseEnd = memberEnd(line, responses);
    const connectEnd = memberEnd(line, connects);
    if (!isAddress(line, addresses.from, addressEnd)) return false;
    const status = orNull(line, statuses.from, statusEnd, statusCode);
    const responseTime = orNull(line, responses.from, responseEnd, milliseconds);
    const connectTime = orNull(line, connects.from, connectEnd, milliseconds);
    if (status === undefined || responseTime === undefined || connectTime === undefined) return false;
    entry.upstream.push({ address: line.slice(addresses.from, addressEnd), status, responseTime });
    entry.connectTime = connectTime;
    const last = addressEnd === addresses.to;
    if ((statusEnd === statuses.to) !== last) return false;
    if ((responseEnd === responses.to) !== last || (connectEnd === connects.to) !== last) return false;
    if (last) return true;
    addresses.from = afterSeparator(line, addressEnd);
    statuses.from = afterSeparator(line, statusEnd);
    responses.from = afterSeparator(line, responseEnd);
    connects.from = afterSeparator(line, connectEnd);
  }
}

const COMMA = 44;
const SPACE = 32;
const DASH = 45;
const DOT = 46;
const ZERO = 48;

/** Where the member that begins a list ends: at `, ` or ` : ` or the list's own end. */
function memberEnd(line: string, { from, to }: Range): number {
  for (let at = from; at < to; at += 1) {
    const code = line.charCodeAt(at);
    if (code === COMMA || code === SPACE) return at;
  }
  return to;
}

function afterSeparator(line: string, at: number): number {
  return line.charCodeAt(at) === COMMA ? at + 2 : at + 3;
}

function isDash(line: string, from: number, to: number): boolean {
  return to - from === 1 && line.charCodeAt(from) === DASH;
}

function orNull<T>(
  line: string,
  from: number,
  to: number,
  read: (line: string, from: number, to: number) => T | undefined,
): T | null | undefined {
  return isDash(line, from, to) ? null : read(line, from, to);
}

/** `12.345` as 12345. */
function milliseconds(line: string, from: number, to: number): number | undefined {
  const point = to - 4;
  // The whole part is digits up to 10¹², so that milliseconds stay exact.
  if (point <= from || point - from > 12 || line.charCodeAt(point) !== DOT) return undefined;
  const whole = digits(line, from, point);
  const rest = digits(line, point + 1, to);
  return whole === undefined || rest === undefined ? undefined : whole * 1_000 + rest;
}

/** Three digits: also `000` and `009`, nginx's words for a request that ended early and for HTTP/0.9. */
function statusCode(line: string, from: number, to: number): number | undefined {
  return to - from === 3 ? digits(line, from, to) : undefined;
}

function digits(line: string, from: number, to: number): number | undefined {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = line.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** Null for none; undefined for what cannot be an app's name. */
function appName(line: string, from: number, to: number): string | null | undefined {
  if (from === to || isDash(line, from, to)) return null;
  if (to - from > LONGEST_APP) return undefined;
  for (let at = from; at < to; at += 1) {
    const code = line.charCodeAt(at);
    const letter = code >= 97 && code <= 122;
    const digit = code >= ZERO && code <= 57;
    if (!letter && !digit && code !== DASH && code !== DOT) return undefined;
  }
  return line.slice(from, to);
}

/** Printable, without spaces: `10.0.0.2:80`, `[fd00::2]:80`, the name of a group of servers. */
function isAddress(line: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const code = line.charCodeAt(at);
    if (code <= SPACE || code > 126) return false;
  }
  return from < to;
}
