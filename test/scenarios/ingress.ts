import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import Docker from 'dockerode';
import { buildIngressImage, INGRESS_IMAGE } from '../../scripts/ingress-image.ts';
import { freePort } from '../ingress/fixture.ts';
import type { Ground } from './hooks.ts';

/** What an installation needs to have an ingress of its own: an image and a port. */
export class IngressGround implements Ground {
  /** For the installation; complete once this has started. */
  readonly env: Record<string, string>;
  #port = 0;

  constructor(image = INGRESS_IMAGE) {
    this.env = { AUTOSERVE_INGRESS_IMAGE: image };
  }

  /** Of 127.0.0.1. */
  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    await buildIngressImage(new Docker());
    this.#port = await freePort();
    this.env['AUTOSERVE_INGRESS_PORT'] = String(this.#port);
  }

  /** Somebody else listens there. Throws when it is taken. */
  async takePort(): Promise<Server> {
    const server = createServer();
    await once(server.listen(this.#port, '127.0.0.1'), 'listening');
    return server;
  }

  async dispose(): Promise<void> {}
}
