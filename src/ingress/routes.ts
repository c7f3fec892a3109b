import { isIPv6 } from 'node:net';
import { AutoServeError } from '../error.ts';
import { checkRoute, placeOf, type Balance, type Route, type RouteInstance } from './route.ts';

/** What nginx is told: every value checked, everything in order, so that equal routes give equal tables. */
export interface RoutingTable {
  servers: Server[];
  upstreams: Upstream[];
  /** Routes that were left out. */
  refused: RefusedRoute[];
}

/** What is served under one host. */
export interface Server {
  host: string;
  /** The longest paths first. */
  locations: Location[];
}

export interface Location {
  path: string;
  app: string;
  /** Whether an instance of the app is ready. */
  ready: boolean;
}

/** An app's instances; there is one for every app with any that are ready. */
export interface Upstream {
  app: string;
  balance: Balance;
  /** `ip:port`, `[ip]:port` */
  servers: string[];
}

export interface RefusedRoute {
  app: string;
  /** `RouteInvalid` or `RouteTaken`. */
  error: AutoServeError;
}

/**
 * The table of `routes`. Of two with one host and path the one that `before` routes stays, else the first: give them
 * in the order in which the apps were declared. The other one is refused, as is one with a value that nginx may not see.
 */
export function routingTable(routes: readonly Route[], before?: RoutingTable): RoutingTable {
  const refused: RefusedRoute[] = [];
  const valid: Route[] = [];
  for (const route of routes) {
    try {
      valid.push(checkRoute(route));
    } catch (error) {
      if (!(error instanceof AutoServeError)) throw error;
      refused.push({ app: route.app, error });
    }
  }
  const owners = new Map<string, Route>();
  for (const route of heldFirst(valid, before)) {
    const owner = owners.get(placeOf(route));
    if (owner) refused.push({ app: route.app, error: taken(route, owner) });
    else owners.set(placeOf(route), route);
  }
  const accepted = [...owners.values()];
  return { servers: serversOf(accepted), upstreams: upstreamsOf(accepted), refused };
}

function heldFirst(routes: readonly Route[], before: RoutingTable | undefined): Route[] {
  const held = new Set(
    before?.servers.flatMap(({ host, locations }) =>
      locations.map(({ path, app }) => `${app} ${placeOf({ host, path })}`),
    ),
  );
  const holds = (route: Route): boolean => held.has(`${route.app} ${placeOf(route)}`);
  return [...routes.filter(holds), ...routes.filter((route) => !holds(route))];
}

function taken(route: Route, owner: Route): AutoServeError {
  return new AutoServeError(
    'RouteTaken',
    `app "${route.app}" (${route.source}) is not routed: http://${placeOf(route)} belongs to app "${owner.app}" (${owner.source})`,
    { remedy: `give one of them another spec.ingress.host or spec.ingress.path` },
  );
}

function serversOf(routes: readonly Route[]): Server[] {
  const hosts = new Map<string, Location[]>();
  for (const { host, path, app, instances } of routes) {
    const locations = hosts.get(host) ?? [];
    locations.push({ path, app, ready: instances.length > 0 });
    hosts.set(host, locations);
  }
  return [...hosts]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([host, locations]) => ({
      host,
      locations: locations.toSorted((a, b) => b.path.length - a.path.length || compare(a.path, b.path)),
    }));
}

function upstreamsOf(routes: readonly Route[]): Upstream[] {
  return routes
    .filter(({ instances }) => instances.length > 0)
    .toSorted((a, b) => compare(a.app, b.app))
    .map(({ app, balance, instances }) => ({
      app,
      balance,
      servers: [...new Set(instances.map(addressOf))].toSorted(compare),
    }));
}

/** IPv6 in its canonical form, for nginx does not know all the others. */
function addressOf({ ip, port }: RouteInstance): string {
  return `${isIPv6(ip) ? new URL(`http://[${ip}]`).hostname : ip}:${port}`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
