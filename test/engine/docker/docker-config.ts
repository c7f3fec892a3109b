import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A directory with a `config.json`, and with credential helpers that are in the PATH until `close`. */
export class DockerConfigDirectory {
  readonly path: string;
  readonly #searchPath = process.env['PATH'] ?? '';

  private constructor(path: string) {
    this.path = path;
    process.env['PATH'] = `${path}${delimiter}${this.#searchPath}`;
  }

  static async open(): Promise<DockerConfigDirectory> {
    return new DockerConfigDirectory(await mkdtemp(join(tmpdir(), 'autoserve-test-')));
  }

  async write(config: object | string): Promise<void> {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    await writeFile(join(this.path, 'config.json'), text);
  }

  /** Adds `docker-credential-<name>`, a shell script that gets the server on stdin. */
  async addHelper(name: string, script: string): Promise<void> {
    const file = join(this.path, `docker-credential-${name}`);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }

  async close(): Promise<void> {
    process.env['PATH'] = this.#searchPath;
    await rm(this.path, { recursive: true });
  }
}

/** As `docker login` stores it. */
export function base64Login(user: string, password: string): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString('base64') };
}
