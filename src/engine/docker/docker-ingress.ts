import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { systemClock, type Clock } from '../../clock.ts';
import { EngineError } from '../engine.ts';
import type {
  CommandResult,
  IngressContainer,
  IngressEngine,
  IngressFile,
  IngressProcess,
  IngressSpec,
} from '../ingress-engine.ts';
import { ingressLabels, isIngress, SETTINGS_LABEL } from '../labels.ts';
import { runCommand, streamCommand } from './command.ts';
import { DockerConnection } from './connection.ts';
import { createNamed, nameTaken } from './create.ts';
import { dockerMessage, statusOf } from './errors.ts';
import { EventStream } from './events.ts';
import { putFiles, readFile } from './files.ts';
import { ingressBody } from './ingress-body.ts';
import { frames } from './logs.ts';
import { networkName } from './network.ts';

/** How Docker, and the kernel through it, say that an address of the host is taken. */
const PORT_TAKEN = /port is already allocated|address already in use|ports are not available/i;

export interface DockerIngressOptions {
  installation: string;
  clock?: Clock;
  /** Where Docker is; without it, by DOCKER_HOST or the default socket. */
  connection?: Docker.DockerOptions;
}

/** The ingress container on a Docker host, called `autoserve-<installation>-ingress`. */
export class DockerIngress implements IngressEngine {
  readonly #installation: string;
  readonly #clock: Clock;
  readonly #connection: DockerConnection;
  readonly #network: string;
  readonly #name: string;

  constructor({ installation, clock = systemClock, connection }: DockerIngressOptions) {
    this.#installation = installation;
    this.#clock = clock;
    this.#connection = new DockerConnection(clock, connection);
    this.#network = networkName(installation);
    this.#name = `${this.#network}-ingress`;
  }

  async findIngress(): Promise<IngressContainer | undefined> {
    const label = Object.entries(ingressLabels(this.#installation)).map(([key, value]) => `${key}=${value}`);
    const [found] = await this.#connection.call('list containers', (docker) =>
      docker.listContainers({ all: true, filters: { label } }),
    );
    if (!found) return undefined;
    try {
      const info = await this.#call(`inspect container ${found.Id}`, found.Id, (container) =>
        container.inspect(),
      );
      return {
        id: info.Id,
        running: info.State.Running && !info.State.Paused,
        imageId: info.Image,
        settings: info.Config.Labels[SETTINGS_LABEL] ?? '',
        ip: info.NetworkSettings.Networks[this.#network]?.IPAddress || null,
        exitCode: info.State.Running ? null : info.State.ExitCode,
      };
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ContainerNotFound') return undefined;
      throw error;
    }
  }

  async createIngress(spec: IngressSpec): Promise<string> {
    const body = ingressBody(spec, { installation: this.#installation, network: this.#network });
    return await createNamed(this.#connection, this.#name, body, (holder, cause) => {
      // One that is being removed.
      if (isIngress(holder.Config.Labels, this.#installation)) return undefined;
      throw nameTaken(this.#name, holder, cause);
    });
  }

  async startIngress(id: string): Promise<void> {
    try {
      await this.#call('start the ingress', id, (container) => container.start());
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (statusOf(error.cause) === 304) return;
      const said = dockerMessage(error.cause);
      if (!PORT_TAKEN.test(said)) throw error;
      throw new EngineError('PortTaken', `cannot start the ingress: ${said}`, {
        cause: error,
        remedy: 'stop what has the port (`ss -ltnp` shows it), or choose another --ingress-port',
      });
    }
  }

  async removeIngress(id: string): Promise<void> {
    try {
      await this.#call('remove the ingress', id, (container) => container.remove({ force: true, v: true }));
    } catch (error) {
      const status = error instanceof EngineError ? statusOf(error.cause) : undefined;
      // 409: somebody else is removing it already.
      if (status !== 404 && status !== 409) throw error;
    }
  }

  async putFiles(id: string, files: readonly IngressFile[]): Promise<void> {
    await putFiles(this.#connection, id, files);
  }

  async readFile(id: string, path: string): Promise<string | undefined> {
    return await readFile(this.#connection, id, path);
  }

  async run(id: string, command: readonly string[]): Promise<CommandResult> {
    return await runCommand(this.#connection, id, command);
  }

  stream(
    id: string,
    command: readonly string[],
    input: Readable,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, CommandResult | null, void> {
    return streamCommand(this.#connection, id, command, input, signal);
  }

  async signalIngress(id: string, signal: string): Promise<void> {
    await this.#call(`send ${signal} to the ingress`, id, (container) => container.kill({ signal }));
  }

  async processes(id: string): Promise<IngressProcess[]> {
    const { Processes } = await this.#call('list the processes of the ingress', id, (container) =>
      container.top({ ps_args: '-eo pid,args' }),
    );
    // Null for a container that has just ended.
    return ((Processes ?? []) as [string, string][]).map(([pid, command]) => ({ pid: Number(pid), command }));
  }

  async ingressOutput(id: string, tail: number): Promise<string> {
    const output = await this.#call('read the output of the ingress', id, (container) =>
      container.logs({ stdout: true, stderr: true, tail }),
    );
    const parts: Buffer[] = [];
    for await (const { payload } of frames(asChunks(output))) parts.push(payload);
    return Buffer.concat(parts).toString('utf8');
  }

  watchIngress(onChange: () => void): { close(): void } {
    return new EventStream(this.#connection, this.#installation, this.#clock, {
      // Events of instances name their app.
      onEvent: ({ app }) => app === undefined && onChange(),
      onReconnect: onChange,
      // Calls to the engine fail then, and say so.
      onDisconnect: () => undefined,
    });
  }

  async #call<T>(
    doing: string,
    id: string,
    request: (container: Docker.Container) => Promise<T>,
  ): Promise<T> {
    return await this.#connection.call(doing, (docker) => request(docker.getContainer(id)));
  }
}

async function* asChunks(output: Buffer): AsyncGenerator<Buffer> {
  yield output;
}
