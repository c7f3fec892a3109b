import Docker from 'dockerode';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { EngineError } from '../engine.ts';
import { toEngineError } from './errors.ts';

/** How long Docker may take to answer before it counts as away, in seconds. */
const ANSWER_SECONDS = 60;

/** What the client found out about where Docker is. */
interface Endpoint {
  protocol?: string;
  host?: string;
  port?: string | number;
  socketPath?: string;
}

/** The way to one Docker: every request goes through `call`, which bounds it and translates its errors. */
export class DockerConnection {
  readonly docker: Docker;
  readonly address: string;
  readonly #clock: Clock;

  /** Without `options`, by DOCKER_HOST (and DOCKER_TLS_VERIFY, DOCKER_CERT_PATH) or the default socket. */
  constructor(clock: Clock, options?: Docker.DockerOptions) {
    this.docker = new Docker(options ?? (process.env['DOCKER_HOST'] ? {} : { socketPath: defaultSocket() }));
    const modem: Docker['modem'] & Endpoint = this.docker.modem;
    this.address = modem.host
      ? `${modem.protocol}://${modem.host}:${modem.port}`
      : `unix://${modem.socketPath}`;
    this.#clock = clock;
  }

  /**
   * Throws `EngineError`, `EngineUnavailable` also after `seconds` without an answer: the client would wait
   * forever when Docker dies halfway through one. `doing` completes the sentence "cannot …".
   */
  async call<T>(
    doing: string,
    request: (docker: Docker) => Promise<T>,
    seconds = ANSWER_SECONDS,
  ): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      const late = `cannot ${doing}: Docker at ${this.address} did not answer in ${seconds} s`;
      const cancel = this.#clock.schedule(seconds * 1000, () =>
        reject(new EngineError('EngineUnavailable', late)),
      );
      request(this.docker).finally(cancel).then(resolve, reject);
    });
    try {
      return await answer;
    } catch (error) {
      throw toEngineError(error, this.address, doing);
    }
  }
}

/** Docker Desktop keeps its socket in the user's home. */
function defaultSocket(): string {
  const desktop = join(homedir(), '.docker', 'run', 'docker.sock');
  return existsSync(desktop) ? desktop : '/var/run/docker.sock';
}
