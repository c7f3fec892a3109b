import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DOCKER_SOCKET = '/var/run/docker.sock';

/** A line to the real Docker that writes down what is asked, and that can be cut. */
export class DockerProxy {
  /** `GET /containers/json?…`, in order. */
  readonly requests: string[] = [];
  readonly socketPath: string;
  /** Requests whose reply is lost: Docker does what it is asked, and the line breaks. */
  losesReplyTo: RegExp | undefined;
  readonly #directory: string;
  readonly #server: Server;
  readonly #lines = new Set<Socket>();

  private constructor(directory: string) {
    this.#directory = directory;
    this.socketPath = join(directory, 'docker.sock');
    this.#server = createServer((client) => this.#join(client));
  }

  static async open(): Promise<DockerProxy> {
    const proxy = new DockerProxy(await mkdtemp(join(tmpdir(), 'autoserve-test-')));
    await proxy.mend();
    return proxy;
  }

  /** Nobody answers any more. */
  async cut(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const line of this.#lines) line.destroy();
    await closed;
  }

  /** It answers again. */
  async mend(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.socketPath, resolve));
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.cut();
    await rm(this.#directory, { recursive: true });
  }

  #join(client: Socket): void {
    const docker = connect(DOCKER_SOCKET);
    let losing = false;
    for (const line of [client, docker]) {
      this.#lines.add(line);
      line.on('error', () => line.destroy());
      line.on('close', () => {
        this.#lines.delete(line);
        client.destroy();
        docker.destroy();
      });
    }
    client.on('data', (chunk) => {
      const request = /^([A-Z]+ \S+) HTTP/.exec(chunk.toString('latin1'))?.[1];
      if (request !== undefined) {
        this.requests.push(request);
        losing = this.losesReplyTo?.test(request) ?? false;
      }
      docker.write(chunk);
    });
    docker.on('data', (chunk) => {
      if (losing) client.destroy();
      else client.write(chunk);
    });
  }
}
