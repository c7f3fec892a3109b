import type { Proxy } from '../controllers/ingress/controller.ts';
import { AutoServeError, messageOf } from '../error.ts';
import { followAccessLog, type AccessLogListener } from './access-log.ts';
import { readCertificates, type Certificate } from './certificate.ts';
import { Nginx, type NginxOptions } from './nginx.ts';
import { Problems } from './problems.ts';
import type { Route } from './route.ts';
import type { RefusedRoute } from './routes.ts';
import { followSockets, type SocketsListener } from './sockets.ts';
import type { StubStatus } from './stub-status.ts';

export interface IngressOptions extends Omit<NginxOptions, 'certificates'> {
  /** Holds `<host>.crt` and `<host>.key`. */
  certificatesDir: string;
}

/** The ingress of an installation: there is no nginx before there is something to serve. */
export class Ingress implements Proxy {
  readonly #options: IngressOptions;
  #nginx: Nginx | undefined;
  #begin: () => void = () => {};
  readonly #begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });
  /** As they were last read. */
  #certificatesRead: readonly Certificate[] = [];
  readonly #problems: Problems;
  /** Whether the last routes that were asked for are none. */
  #unrouted = false;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#problems = new Problems(options.onEvent);
  }

  /** Takes over the nginx that an earlier process left serving, if there is one. */
  async resume(): Promise<void> {
    if (!(await this.#options.engine.findIngress())) return;
    const nginx = this.#start();
    // What fails is told and tried again by nginx itself.
    if (this.#unrouted) nginx.apply([]).catch(() => undefined);
  }

  /** See `Nginx.apply`. */
  async apply(
    routes: readonly Route[],
    onRefused: (refused: readonly RefusedRoute[]) => void,
  ): Promise<void> {
    this.#unrouted = routes.length === 0;
    if (this.#nginx || routes.length > 0) await this.#start().apply(routes, onRefused);
    else onRefused([]);
  }

  /** See `Nginx.stubStatus`. */
  async stubStatus(): Promise<StubStatus | null> {
    return (await this.#nginx?.stubStatus()) ?? null;
  }

  /** See `followSockets`; waits until there is an nginx. */
  async sockets(listener: SocketsListener, signal: AbortSignal): Promise<void> {
    const { engine, clock } = this.#options;
    await this.#begunOrAborted(signal);
    await followSockets(engine, clock, listener, signal);
  }

  /** See `followAccessLog`; waits until there is an nginx. */
  async accessLog(listener: AccessLogListener, signal: AbortSignal): Promise<void> {
    const { engine, clock } = this.#options;
    await this.#begunOrAborted(signal);
    await followAccessLog(engine, clock, listener, signal);
  }

  /** Leaves nginx serving. */
  async close(): Promise<void> {
    await this.#nginx?.close();
  }

  async #begunOrAborted(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([this.#begun, aborted]);
  }

  #start(): Nginx {
    this.#nginx ??= new Nginx({ ...this.#options, certificates: () => this.#certificates() });
    this.#begin();
    return this.#nginx;
  }

  /** Those of now; where one cannot be used, or the directory not be read, what was there before. */
  async #certificates(): Promise<readonly Certificate[]> {
    const { certificatesDir } = this.#options;
    try {
      const { certificates, problems } = await readCertificates(certificatesDir);
      this.#report(problems.map(({ error }) => error));
      // One that is being replaced may not match its key for a moment.
      const kept = this.#certificatesRead.filter(({ host }) =>
        problems.some((problem) => problem.host === host),
      );
      this.#certificatesRead = [...certificates, ...kept];
    } catch (error) {
      const message = `the certificates in ${certificatesDir} cannot be read: ${messageOf(error)}`;
      const remedy = 'make it a directory that autoserve may read';
      this.#report([new AutoServeError('CertificateInvalid', message, { cause: error, remedy })]);
    }
    return this.#certificatesRead;
  }

  #report(problems: readonly AutoServeError[]): void {
    this.#problems.report(problems.map((error) => ({ app: null, error })));
  }
}
