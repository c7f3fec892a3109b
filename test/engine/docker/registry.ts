import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = 'application/vnd.docker.container.image.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

export const USER = 'shop';
export const PASSWORD = 'pass:word';

interface Content {
  type: string;
  bytes: Buffer;
}

/** A registry on this machine, which Docker may use without TLS; only `USER` with `PASSWORD` is let in, unless it is `free`. */
export class Registry {
  /** `127.0.0.1:5000` */
  readonly address: string;
  /** Fails every request for a blob. */
  broken = false;
  free = false;
  readonly #server: Server;
  /** By the path that they are asked for with. */
  readonly #contents = new Map<string, Content>();

  private constructor(server: Server) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async open(): Promise<Registry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Registry(server);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Puts an image of one file of this many bytes into it; returns its name, id and digest. */
  async add(repository: string, bytes: number): Promise<{ image: string; id: string; digest: string }> {
    const archive = pack();
    archive.entry({ name: 'file' }, randomBytes(bytes));
    archive.finalize();
    const files = await buffer(archive);
    const layer = this.#addBlob(repository, LAYER, gzipSync(files));
    const rootfs = { type: 'layers', diff_ids: [digestOf(files)] };
    const description = { architecture: 'amd64', os: 'linux', config: {}, rootfs, history: [] };
    const config = this.#addBlob(repository, CONFIG, Buffer.from(JSON.stringify(description)));
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] };
    const content = { type: MANIFEST, bytes: Buffer.from(JSON.stringify(manifest)) };
    const digest = digestOf(content.bytes);
    this.#contents.set(`/v2/${repository}/manifests/1`, content);
    this.#contents.set(`/v2/${repository}/manifests/${digest}`, content);
    return { image: `${this.address}/${repository}:1`, id: config.digest, digest };
  }

  #addBlob(repository: string, type: string, bytes: Buffer) {
    const digest = digestOf(bytes);
    this.#contents.set(`/v2/${repository}/blobs/${digest}`, { type, bytes });
    return { mediaType: type, size: bytes.length, digest };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers, method } = request;
    const login = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    if (!this.free && headers.authorization !== login) {
      response.setHeader('WWW-Authenticate', 'Basic realm="test"');
      return refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
    }
    if (url === '/v2/') return void response.end('{}');
    if (this.broken && url.includes('/blobs/')) return refuse(response, 500, 'UNKNOWN', 'the disk is full');
    const content = this.#contents.get(url);
    if (!content) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    response.writeHead(200, {
      'Content-Type': content.type,
      'Content-Length': content.bytes.length,
      'Docker-Content-Digest': digestOf(content.bytes),
    });
    response.end(method === 'HEAD' ? undefined : content.bytes);
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
