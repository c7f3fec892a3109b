import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Roster } from '../../control/roster.ts';
import { messageOf } from '../../error.ts';
import { routeOf, type Route } from '../../ingress/route.ts';
import { ConfigurationRefused } from '../../ingress/refusal.ts';

/** What serves the routes; see `Nginx`. */
export interface Proxy {
  /** Resolves when no request is taken by an earlier table. */
  apply(routes: readonly Route[]): Promise<unknown>;
}

/** Keeps the proxy's routes equal to the instances that are ready. */
export class IngressController {
  readonly #proxy: Proxy;
  readonly #roster: Roster;
  readonly #logger: Logger;
  /** Containers that get no new request, whatever the roster says. */
  readonly #withdrawn = new Set<string>();
  #applied: readonly Route[] | undefined;

  constructor(proxy: Proxy, roster: Roster, logger: Logger) {
    this.#proxy = proxy;
    this.#roster = roster;
    this.#logger = logger;
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
    this.#withdrawn.add(containerId);
    try {
      await this.#apply();
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) throw error;
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
    await this.#proxy.apply(routes);
  }

  #routes(): Route[] {
    const { entries } = this.#roster;
    const present = new Set(entries.flatMap(({ members }) => members.map(({ containerId }) => containerId)));
    for (const id of this.#withdrawn) if (!present.has(id)) this.#withdrawn.delete(id);
    return entries.flatMap(({ application, members }) => {
      const instances = members.flatMap(({ containerId, ip, ready }) =>
        ready && ip !== null && !this.#withdrawn.has(containerId) ? [{ ip, containerId }] : [],
      );
      const manifest = (application.target ?? application).manifest;
      return routeOf(manifest, application.sourcePath ?? application.name, instances) ?? [];
    });
  }
}
