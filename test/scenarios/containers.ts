import { expect } from 'chai';
import type Docker from 'dockerode';
import { INSTALLATION_LABEL, isIngress, parseIdentity } from '../../src/engine/labels.ts';
import { eventually } from '../eventually.ts';

/** A container as Docker shows it; equal to an earlier one as long as its process is the same. */
export interface Container {
  id: string;
  name: string;
  app: string;
  index: number;
  revision: number;
  state: string;
  startedAt: string;
}

/** The containers of one installation's apps, as Docker shows them. */
export class Containers {
  readonly #docker: Docker;
  readonly #installation: string;

  constructor(docker: Docker, installation: string) {
    this.#docker = docker;
    this.#installation = installation;
  }

  /** All of them, or those of one app, by app and replica index. */
  async list(app?: string): Promise<Container[]> {
    const filters = { label: [`${INSTALLATION_LABEL}=${this.#installation}`] };
    const listed = await this.#docker.listContainers({ all: true, filters });
    const ofOthers = ({ Labels }: Docker.ContainerInfo): boolean =>
      app !== undefined && (parseIdentity(Labels)?.app ?? app) !== app;
    const found = await Promise.all(
      listed.filter((info) => !ofOthers(info)).map(({ Id }) => this.#inspect(Id)),
    );
    return found
      .filter((container) => container !== undefined)
      .toSorted((a, b) => a.app.localeCompare(b.app) || a.index - b.index);
  }

  /** What a program in a container prints. Throws when it fails. */
  async run(id: string, ...command: string[]): Promise<string> {
    const exec = await this.#docker
      .getContainer(id)
      .exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const output = Buffer.concat(chunks).toString().trim();
    // It ends a moment after its output.
    const ExitCode = await eventually(async () => {
      const { Running, ExitCode: code } = await exec.inspect();
      expect(Running).to.equal(false);
      return code;
    });
    if (ExitCode !== 0) throw new Error(`${command.join(' ')} exited ${ExitCode}: ${output}`);
    return output;
  }

  /** The value of a JavaScript expression in a container, awaited; it must be JSON. */
  async evaluate(id: string, expression: string): Promise<unknown> {
    const print = '(value) => process.stdout.write(JSON.stringify(value ?? null))';
    return JSON.parse(
      await this.run(id, '/usr/bin/node', '-e', `Promise.resolve(${expression}).then(${print})`),
    );
  }

  /** The IP address of a container in its installation's network. */
  async addressOf(id: string): Promise<string> {
    const { NetworkSettings } = await this.#docker.getContainer(id).inspect();
    return NetworkSettings.Networks[`autoserve-${this.#installation}`]?.IPAddress ?? '';
  }

  /** Has the sample web server in a container answer its health check so from now on, once it listens. */
  async setHealth(id: string, health: 'ok' | 'fail' | 'hang'): Promise<void> {
    const url = `http://${await this.addressOf(id)}:8080/health?set=${health}`;
    const { status } = await eventually(async () => await fetch(url));
    expect(status).to.equal(200);
  }

  /** Undefined for one that is gone since it was listed, and for the ingress. */
  async #inspect(id: string): Promise<Container | undefined> {
    try {
      const { Name, State, Config } = await this.#docker.getContainer(id).inspect();
      if (isIngress(Config.Labels, this.#installation)) return undefined;
      const identity = parseIdentity(Config.Labels);
      if (!identity) throw new Error(`container ${Name} has not all labels`);
      const { app, index, revision } = identity;
      return {
        id,
        name: Name.slice(1),
        app,
        index,
        revision,
        state: State.Status,
        startedAt: State.StartedAt,
      };
    } catch (error) {
      if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined;
      throw error;
    }
  }
}
