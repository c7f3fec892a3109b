import Docker from 'dockerode';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { DockerIngress } from '../../src/engine/docker/docker-ingress.ts';
import type { DockerEngine } from '../../src/engine/docker/docker-engine.ts';
import type { NginxEngine } from '../../src/ingress/container.ts';
import type { IngressEvent } from '../../src/ingress/event.ts';
import { Nginx, type NginxOptions } from '../../src/ingress/nginx.ts';
import type { Route, RouteInstance } from '../../src/ingress/route.ts';
import { buildIngressImage, INGRESS_IMAGE } from '../../scripts/ingress-image.ts';
import { testImage } from '../docker-image.ts';
import { newInstallation, specOf } from '../engine/contract/fixture.ts';
import { clean, dockerEngine } from '../engine/docker/host.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers with its name and the address it was reached at, in JSON. */
const WHO = `
  const { createServer } = require('node:http');
  createServer((request, response) => {
    const { method, url, headers } = request;
    let bytes = 0;
    request.on('data', (data) => { bytes += data.length; });
    request.on('end', () => response.end(JSON.stringify({ name: process.env.NAME, method, url, headers, bytes })));
  }).listen(8080);`;

export function routeTo(
  app: string,
  instances: readonly RouteInstance[],
  change: Partial<Route> = {},
): Route {
  return {
    app,
    source: `${app}.yaml`,
    host: `${app}.localhost`,
    path: '/',
    balance: 'round_robin',
    instances,
    ...change,
  };
}

/** Not one of those that the kernel gives to connections: it must stay free until nginx has it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** One installation on real Docker, with an nginx in front and instances behind. */
export class IngressFixture {
  readonly docker = new Docker();
  installation = '';
  port = 0;
  events: IngressEvent[] = [];
  #image = '';
  #engine: DockerEngine | undefined;
  #nginx: Nginx[] = [];
  /** Ends what a test follows. */
  following = new AbortController();
  #started = 0;

  async prepare(): Promise<void> {
    this.#image = await testImage(this.docker);
    await buildIngressImage(this.docker);
  }

  async begin(): Promise<void> {
    this.installation = newInstallation();
    this.port = await freePort();
    this.events = [];
    this.following = new AbortController();
    this.#engine = dockerEngine(this.installation);
    await this.#engine.createNetwork();
  }

  async end(): Promise<void> {
    this.following.abort();
    for (const nginx of this.#nginx.splice(0)) await nginx.close();
    await clean(this.docker, this.installation);
  }

  get appEngine(): DockerEngine {
    if (!this.#engine) throw new Error('no test is running');
    return this.#engine;
  }

  engine(): NginxEngine {
    const { appEngine } = this;
    const ingress = new DockerIngress({ installation: this.installation });
    return Object.assign(ingress, {
      createNetwork: () => appEngine.createNetwork(),
      resolveImage: (...args: Parameters<DockerEngine['resolveImage']>) => appEngine.resolveImage(...args),
    });
  }

  nginx(change: Partial<NginxOptions & { image: string; tlsPort: number }> = {}): Nginx {
    const { image = INGRESS_IMAGE, tlsPort = null, ...options } = change;
    const nginx = new Nginx({
      engine: this.engine(),
      place: { image, address: '127.0.0.1', port: this.port, tlsPort },
      settings: { maxBodyBytes: 100_000 },
      clock: systemClock,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      onEvent: (event) => this.events.push(event),
      onState: () => undefined,
      ...options,
    });
    this.#nginx.push(nginx);
    return nginx;
  }

  /** The container of nginx, as Docker shows it; undefined when there is none. */
  async container(): Promise<Docker.ContainerInspectInfo | undefined> {
    const label = [`autoserve.io/installation=${this.installation}`, 'autoserve.io/role=ingress'];
    const [found] = await this.docker.listContainers({ all: true, filters: { label } });
    return found && (await this.docker.getContainer(found.Id).inspect());
  }

  /** Starts an instance that runs `script` and is reached at port 8080. */
  async instance(name: string, script: string = WHO): Promise<RouteInstance> {
    this.#started += 1;
    const id = await this.appEngine.createContainer({
      ...specOf(this.#image, `${name}-${this.installation}`, { index: this.#started }),
      args: ['-e', script],
      env: [{ name: 'NAME', value: name }],
      command: ['/usr/bin/node'],
    });
    await this.appEngine.startContainer(id);
    const { containers } = await this.appEngine.observe();
    const ip = containers.find((container) => container.id === id)?.ip ?? '';
    const instance = { ip, port: 8080, containerId: id };
    await listening(instance);
    return instance;
  }

  async get(host: string, path = '/', headers: Record<string, string> = {}): Promise<Answer> {
    return await this.send('GET', host, path, headers);
  }

  async send(
    method: string,
    host: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Buffer,
  ): Promise<Answer> {
    const sent = request({
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      agent: false,
      headers: { host, connection: 'close', ...headers },
    });
    sent.end(body);
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  /** The name of the instance that answers. */
  async who(host: string, path = '/'): Promise<string> {
    const { body } = await this.get(host, path);
    return JSON.parse(body).name;
  }
}

/** An ingress of its own for each test of the suite that calls this. */
export function useIngress(): IngressFixture {
  const ingress = new IngressFixture();
  before(async () => await ingress.prepare());
  beforeEach(async () => await ingress.begin());
  afterEach(async () => await ingress.end());
  return ingress;
}

async function listening({ ip, port }: RouteInstance): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await (await fetch(`http://${ip}:${port}/`)).text();
      return;
    } catch (error) {
      if (attempt === 400) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
