import type Docker from 'dockerode';
import PQueue from 'p-queue';
import { IMAGE } from './image.ts';

export const YARDSTICK_LABEL = 'autoserve.bench/yardstick';

/** The body that AutoServe sends for the benchmark's application, as a hand-written loop would send it. */
function body(name: string, network: string): Docker.ContainerCreateOptions {
  return {
    name,
    Image: IMAGE,
    Labels: { [YARDSTICK_LABEL]: 'true' },
    StopTimeout: 10,
    ExposedPorts: { '8080/tcp': {} },
    HostConfig: {
      Init: true,
      NetworkMode: network,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      RestartPolicy: { Name: 'no' },
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: ['yardstick'] } } },
  };
}

/** Raw create and start calls, and nothing else. */
export class Yardstick {
  readonly #docker: Docker;
  readonly #network = `autoserve-yardstick-${process.pid}`;
  #made = 0;

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  async setUp(): Promise<void> {
    await this.#docker.createNetwork({ Name: this.#network, Driver: 'bridge' });
  }

  /** Milliseconds from nothing to `count` running, with `concurrency` calls at a time. */
  async start(count: number, concurrency: number): Promise<number> {
    const queue = new PQueue({ concurrency });
    const begin = performance.now();
    await Promise.all(Array.from({ length: count }, () => queue.add(() => this.#createAndStart())));
    return performance.now() - begin;
  }

  async clear(): Promise<void> {
    const filters = { label: [YARDSTICK_LABEL] };
    const containers = await this.#docker.listContainers({ all: true, filters });
    const queue = new PQueue({ concurrency: 4 });
    await Promise.all(
      containers.map(({ Id }) => queue.add(() => this.#docker.getContainer(Id).remove({ force: true }))),
    );
  }

  async tearDown(): Promise<void> {
    await this.clear();
    await this.#docker.getNetwork(this.#network).remove();
  }

  async #createAndStart(): Promise<void> {
    this.#made += 1;
    const name = `autoserve-yardstick-${process.pid}-${this.#made}`;
    const container = await this.#docker.createContainer(body(name, this.#network));
    await container.start();
  }
}
