import { isIP } from 'node:net';
import { AutoServeError } from '../error.ts';
import type { App } from '../manifest/app.gen.ts';
import { httpPortOf } from '../manifest/http-port.ts';

/** How requests are spread over an app's instances. */
export const balances = ['least_conn', 'round_robin', 'ip_hash'] as const;
export type Balance = (typeof balances)[number];

/** An app as the ingress serves it: where its requests come in, and the instances that are ready for them. */
export interface Route {
  app: string;
  /** Where the app is declared, for messages: `shop.yaml`. */
  source: string;
  host: string;
  /** Leads to the app with all below it. */
  path: string;
  balance: Balance;
  instances: readonly RouteInstance[];
}

export interface RouteInstance {
  ip: string;
  port: number;
  containerId: string;
}

const LONGEST_HOST = 253;
const LONGEST_PATH = 500;
/** A DNS label in lower case, RFC 1123. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const SEGMENT = /^[A-Za-z0-9._~-]+$/;

/** The route of an app of type http whose `instances` (addresses on the network) are ready; undefined for another app. */
export function routeOf(app: App, source: string, instances: readonly RouteInstance[]): Route | undefined {
  if (httpPortOf(app) === undefined) return undefined;
  const { metadata, spec } = app;
  return {
    app: metadata.name,
    source,
    host: spec.ingress?.host ?? `${metadata.name}.localhost`,
    path: spec.ingress?.path ?? '/',
    balance: spec.ingress?.balance ?? 'least_conn',
    instances,
  };
}

/**
 * The route, of which every value may stand in nginx's file, its path without a slash at the end. Throws
 * `AutoServeError` `RouteInvalid`, which names app and source, for one of which any may not.
 */
export function checkRoute(route: Route): Route {
  const { app, host, path, balance, instances } = route;
  if (!LABEL.test(app))
    throw invalid(route, 'name', app, 'lower-case letters, digits and dashes, at most 63');
  if (!isHost(host)) throw invalid(route, 'spec.ingress.host', host, 'a host name such as shop.example.com');
  if (!isPath(path)) {
    const right = 'a path such as /api/v1, of letters, digits and . _ ~ - between its slashes, not . or ..';
    throw invalid(route, 'spec.ingress.path', path, right);
  }
  if (!balances.includes(balance)) {
    throw invalid(route, 'spec.ingress.balance', balance, `one of ${balances.join(', ')}`);
  }
  for (const { ip, port } of instances) {
    if (!isAddress(ip)) throw invalid(route, 'address of an instance', ip, 'an IPv4 or IPv6 address');
    if (!isPort(port)) throw invalid(route, 'port of an instance', port, 'a number from 1 to 65535');
  }
  return { ...route, path: withoutSlash(path) };
}

/** What two routes may not have in common: `shop.example.com/api`. */
export function placeOf({ host, path }: Pick<Route, 'host' | 'path'>): string {
  return `${host}${withoutSlash(path)}`;
}

/** A path means the same with a slash at its end. */
function withoutSlash(path: string): string {
  return path.replace(/(.)\/$/, '$1');
}

/** A host name without a port, RFC 1123, in lower case. */
export function isHost(host: unknown): host is string {
  return (
    typeof host === 'string' &&
    host.length <= LONGEST_HOST &&
    host.split('.').every((label) => LABEL.test(label))
  );
}

/** nginx compares paths as decoded and normalized, so that an encoded one would never be met. */
function isPath(path: unknown): boolean {
  if (typeof path !== 'string' || path.length > LONGEST_PATH || !path.startsWith('/')) return false;
  if (path === '/') return true;
  const segments = path.replace(/\/$/, '').slice(1).split('/');
  return segments.every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
}

/** Without a zone, which nginx does not know. */
function isAddress(ip: unknown): boolean {
  return typeof ip === 'string' && isIP(ip) !== 0 && !ip.includes('%');
}

function isPort(port: unknown): boolean {
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function invalid(route: Route, what: string, value: unknown, right: string): AutoServeError {
  const { app, source } = route;
  // JSON shows what would not be seen, such as the end of a line.
  const shown = JSON.stringify(value)?.slice(0, 200);
  return new AutoServeError(
    'RouteInvalid',
    `app ${JSON.stringify(app)} (${source}) is not routed: ${what} ${shown} is not allowed`,
    { remedy: `use ${right}` },
  );
}
