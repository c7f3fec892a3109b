import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Roster } from '../../control/roster.ts';
import { messageOf, type AutoServeError } from '../../error.ts';
import { placeOf, routeOf, type Route } from '../../ingress/route.ts';
import { ConfigurationRefused } from '../../ingress/refusal.ts';
import type { RefusedRoute } from '../../ingress/routes.ts';
import type { ApplicationRecord } from '../../store/store.ts';
import type { RouteStanding, ServiceStanding } from '../application/standing.ts';

/** What serves the routes; see `Nginx`. */
export interface Proxy {
  /**
   * Resolves when no request is taken by an earlier table. What the new one leaves out is told to `onRefused` at once,
   * whether or not it can be put in force by then.
   */
  apply(routes: readonly Route[], onRefused: (refused: readonly RefusedRoute[]) => void): Promise<unknown>;
}

type Acceptance = Omit<RouteStanding, 'service'>;

/** Keeps the proxy's routes equal to the instances that are ready. */
export class IngressController {
  readonly #proxy: Proxy;
  readonly #roster: Roster;
  readonly #logger: Logger;
  /** Containers that get no new request, whatever the roster says, and whether that is in force. */
  readonly #withdrawn = new Map<string, boolean>();
  readonly #onStanding: (app: string) => void;
  #applied: readonly Route[] | undefined;
  #standings: ReadonlyMap<string, Acceptance> | undefined;
  #service: ServiceStanding | null = null;

  /** @param onStanding called when `standingOf` says something else of an app */
  constructor(proxy: Proxy, roster: Roster, logger: Logger, onStanding: (app: string) => void) {
    this.#proxy = proxy;
    this.#roster = roster;
    this.#logger = logger;
    this.#onStanding = onStanding;
  }

  /** How the app's route stands in the last table, in force or not, null when it has none; undefined before there was a table. */
  standingOf(app: string): RouteStanding | null | undefined {
    const acceptance = this.#standings?.get(app);
    if (acceptance) return { ...acceptance, service: this.#service };
    return this.#standings && null;
  }

  /** What the proxy says of itself. */
  serviceChanged({ serving, reason, message }: ServiceStanding): void {
    this.#service = { serving, reason, message };
    for (const app of this.#standings?.keys() ?? []) this.#onStanding(app);
  }

  /** Routes by the roster of now. What fails is told and tried again by the proxy itself. */
  update(): void {
    if (isDeepStrictEqual(this.#routes(), this.#applied)) return;
    this.#apply().catch((error: unknown) =>
      this.#logger.warn({ err: error }, `routes are not in force: ${messageOf(error)}`),
    );
  }

  /**
   * Resolves when no new request reaches the container. A configuration that is refused cannot hold that up for ever: what
   * is sent to a stopped instance is tried at another one. Throws what else keeps the proxy from it.
   */
  async withdraw(containerId: string): Promise<void> {
    if (this.#withdrawn.get(containerId)) return;
    this.#withdrawn.set(containerId, false);
    try {
      await this.#apply();
      if (this.#withdrawn.has(containerId)) this.#withdrawn.set(containerId, true);
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) {
        // Who failed to take it out may not want it out any more when the trouble is over.
        this.readmit(containerId);
        throw error;
      }
      this.#logger.warn({ err: error }, 'an instance goes though its route is still in force');
    }
  }

  /** The container gets requests again, if it is ready. */
  readmit(containerId: string): void {
    if (this.#withdrawn.delete(containerId)) this.update();
  }

  async #apply(): Promise<void> {
    const routes = this.#routes();
    this.#applied = routes;
    await this.#proxy.apply(routes, (refused) => this.#judge(routes, refused));
  }

  #judge(routes: readonly Route[], refused: readonly RefusedRoute[]): void {
    const before = this.#standings ?? new Map<string, Acceptance>();
    const errors = new Map(refused.map(({ app, error }) => [app, error]));
    const after = new Map(routes.map((route) => [route.app, standing(route, errors.get(route.app))]));
    this.#standings = after;
    for (const app of new Set([...before.keys(), ...after.keys()]))
      if (!isDeepStrictEqual(before.get(app), after.get(app))) this.#onStanding(app);
  }

  #routes(): Route[] {
    const { entries } = this.#roster;
    const present = new Set(entries.flatMap(({ members }) => members.map(({ containerId }) => containerId)));
    for (const id of this.#withdrawn.keys()) if (!present.has(id)) this.#withdrawn.delete(id);
    const routes = entries.flatMap(({ application, members }) => {
      const instances = members.flatMap(({ containerId, ip, port, ready }) =>
        ready && ip !== null && port !== null && !this.#withdrawn.has(containerId)
          ? [{ ip, port, containerId }]
          : [],
      );
      const manifest = (application.target ?? application).manifest;
      const route = routeOf(manifest, application.sourcePath ?? application.name, instances);
      const leaving = application.deletionRequestedAt !== null;
      return route ? [{ route, leaving, had: !this.#standings && hadPlace(application, route) }] : [];
    });
    const heirs = new Set(
      routes
        .filter(({ route, leaving }) => !leaving && route.instances.length > 0)
        .map(({ route }) => placeOf(route)),
    );
    // An app that is being removed leaves its place at once to another one that can serve there.
    return routes
      .filter(({ route, leaving }) => !leaving || !heirs.has(placeOf(route)))
      .toSorted((a, b) => Number(b.had) - Number(a.had))
      .map(({ route }) => route);
  }
}

/** Whether the app was routed at this very place before this AutoServe was started: it goes before others that want it. */
function hadPlace({ conditions }: ApplicationRecord, { host, path }: Route): boolean {
  const accepted = conditions.find(({ type }) => type === 'RouteAccepted');
  return accepted?.status === 'True' && accepted.message === `${host}${path}`;
}

function standing({ host, path }: Route, error: AutoServeError | undefined): Acceptance {
  if (!error) return { accepted: true, reason: 'Accepted', message: `${host}${path}` };
  return { accepted: false, reason: error.code, message: `${error.message}; ${error.remedy}` };
}
