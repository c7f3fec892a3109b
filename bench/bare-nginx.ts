import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { INGRESS_IMAGE } from '../scripts/ingress-image.ts';

const CONFIG = '/tmp/nginx.conf';

/** An nginx in a container that passes everything on to some servers, as somebody would write it who wants no more. */
export class BareNginx {
  readonly #container: Docker.Container;

  /** @param servers `address:port`, in the container's network */
  static async start(
    docker: Docker,
    network: string,
    port: number,
    servers: readonly string[],
  ): Promise<BareNginx> {
    const container = await docker.createContainer({
      Image: INGRESS_IMAGE,
      Cmd: ['-c', CONFIG, '-g', 'daemon off;'],
      ExposedPorts: { '8080/tcp': {} },
      HostConfig: {
        NetworkMode: network,
        PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      },
    });
    const archive = pack();
    archive.entry({ name: CONFIG.slice(1), mode: 0o644 }, config(servers));
    archive.finalize();
    await container.putArchive(Readable.from(archive), { path: '/' });
    await container.start();
    return new BareNginx(container);
  }

  private constructor(container: Docker.Container) {
    this.#container = container;
  }

  async remove(): Promise<void> {
    await this.#container.remove({ force: true });
  }
}

function config(servers: readonly string[]): string {
  return `
user nobody nogroup;
worker_processes auto;
pid /tmp/nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  upstream app {
${servers.map((server) => `    server ${server};\n`).join('')}    keepalive 64;
  }
  server {
    listen 8080 backlog=4096;
    location / {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_pass http://app;
    }
  }
}
`;
}
