import PQueue from 'p-queue';
import { EngineError } from '../engine.ts';
import { INSTALLATION_LABEL } from '../labels.ts';
import type { DockerConnection } from './connection.ts';
import { freeAddress } from './subnet.ts';

/** Chooses fixed addresses that no container of the installation has, nor is about to have. */
export class Addresses {
  readonly #connection: DockerConnection;
  readonly #installation: string;
  readonly #network: string;
  readonly #reserved = new Set<string>();
  readonly #queue = new PQueue({ concurrency: 1 });

  constructor(connection: DockerConnection, installation: string, network: string) {
    this.#connection = connection;
    this.#installation = installation;
    this.#network = network;
  }

  /** Runs `create` with an address of `subnet` that is nobody else's at least until it settles. */
  async withAddress<T>(subnet: string, create: (address: string) => Promise<T>): Promise<T> {
    const address = await this.#queue.add(() => this.#reserve(subnet));
    try {
      return await create(address);
    } finally {
      this.#reserved.delete(address);
    }
  }

  async #reserve(subnet: string): Promise<string> {
    // Before the listing: a container created meanwhile may be in neither the listing nor what is reserved after it.
    const reserved = [...this.#reserved];
    const address = freeAddress(subnet, new Set([...reserved, ...(await this.#assigned())]));
    if (address === undefined) {
      throw new EngineError(
        'EngineRefused',
        `no free address is left in network "${this.#network}" (${subnet})`,
      );
    }
    this.#reserved.add(address);
    return address;
  }

  /** Addresses that containers of ours ask for, running or not. */
  async #assigned(): Promise<string[]> {
    const filters = { label: [`${INSTALLATION_LABEL}=${this.#installation}`] };
    const listed = await this.#connection.call('list containers', (docker) =>
      docker.listContainers({ all: true, filters }),
    );
    return listed.flatMap((container) => {
      const endpoint = container.NetworkSettings.Networks[this.#network];
      const config: { IPv4Address?: string } | null | undefined = endpoint?.IPAMConfig;
      return config?.IPv4Address ?? [];
    });
  }
}
