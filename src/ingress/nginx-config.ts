import {
  flag,
  HTTP_PORT,
  IDLE_PER_WORKER,
  LOG_FILE,
  ROOT,
  SLOT_FILE,
  STATUS_PORT,
  TLS_PORT,
  type Slot,
} from './layout.ts';
import { PAGES_FILE, pageMaps } from './pages.ts';
import type { Balance } from './route.ts';
import type { Location, RoutingTable, Server, Upstream } from './routes.ts';

export interface NginxSettings {
  /** The largest request body, in bytes; 0 for no limit. */
  maxBodyBytes: number;
}

export interface NginxInput {
  /** Null before there is one: every request gets status 503. */
  table: RoutingTable | null;
  settings: NginxSettings;
  /** Hosts for which there are `tls/<host>.crt` and `tls/<host>.key` beside the configuration. */
  tlsHosts: ReadonlySet<string>;
  /** What the status server answers under `/configuration`. */
  generation: string;
}

/** What one request may take: long responses and WebSockets that say nothing for a while must live. */
const SILENCE = '1h';

/** One line a request, tabs between the fields, no word of the client's in it. See `metrics/access-log.ts`. */
const LOG_FORMAT = [
  '$autoserve_app',
  '$upstream_addr',
  '$upstream_status',
  '$status',
  '$request_time',
  '$upstream_response_time',
  '$upstream_connect_time',
].join('\t');

const BALANCE: Record<Balance, string> = {
  least_conn: '    least_conn;\n',
  round_robin: '',
  ip_hash: '    ip_hash;\n',
};

/** The text of nginx.conf. `table` holds checked values only; see `routingTable`. */
export function nginxConfig({ table, settings, tlsHosts, generation }: NginxInput): string {
  const servers = table?.servers ?? [];
  return `# Written by AutoServe, and written anew when instances come and go.
user nobody nogroup;
worker_processes auto;
worker_rlimit_nofile 16384;
# Workers of an earlier configuration live on for what they have begun.
worker_shutdown_timeout ${SILENCE};
pid ${ROOT}/nginx.pid;
error_log stderr error;

events {
  worker_connections 8192;
}

http {
  log_format autoserve '${LOG_FORMAT}';
  access_log ${LOG_FILE} autoserve buffer=512k flush=3s;
  uninitialized_variable_warn off;
  server_tokens off;
  server_names_hash_bucket_size 512;
  server_names_hash_max_size 16384;

  client_header_timeout 30s;
  client_body_timeout 60s;
  send_timeout 60s;
  keepalive_timeout 65s;
  large_client_header_buffers 4 16k;
  client_max_body_size ${settings.maxBodyBytes};
${temporaryPaths()}
${connectionSettings()}
${proxySettings()}${pageMaps()}

  server {
    listen ${STATUS_PORT};
    access_log off;
    location = /status { stub_status; }
    location = /configuration { return 200 "${generation}\\n"; }
    location / { return 404; }
    include ${PAGES_FILE};
  }

  server {
    listen ${HTTP_PORT} default_server reuseport backlog=4096 so_keepalive=on;
    location / {
      set $autoserve_app "";
      return ${table ? 404 : 503};
    }
    include ${PAGES_FILE};
  }
${tlsSettings(servers, tlsHosts)}${(table?.upstreams ?? []).map(upstream).join('')}${servers
    .map((each) => server(each, tlsHosts))
    .join('')}}
`;
}

function temporaryPaths(): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((what) => `  ${what}_temp_path ${ROOT}/temp/${what};\n`)
    .join('');
}

/**
 * A worker that is to end closes the connections that are idle at that moment, and a request that is on its way on one of
 * them is lost. So who gets an answer while the next configuration is about to take over, or after, is told to connect
 * anew: `deploy` leaves time for that. Whether the slot is in force is seen by its flag as the answer begins.
 */
function connectionSettings(): string {
  return `  include ${SLOT_FILE};
  map $status $autoserve_connection_end {
    101     "";
    default $autoserve_parting;
  }
  add_header Connection $autoserve_connection_end always;`;
}

/** The content of `SLOT_FILE`. */
export function slotConfig(slot: Slot): string {
  return `root ${flag(slot)};
map $realpath_root $autoserve_parting {
  ${flag(slot)} "";
  default close;
}
`;
}

function proxySettings(): string {
  return `  # Nothing but WebSockets: other protocols would pass by all that is checked here.
  map $http_upgrade $autoserve_upgrade {
    default   "";
    websocket websocket;
  }
  map $autoserve_upgrade $autoserve_connection {
    default upgrade;
    ""      "";
  }
  map $http_host $autoserve_port {
    default           "";
    ~:(?<port>[0-9]+)$ :$port;
  }
  proxy_http_version 1.1;
  proxy_set_header Host $host$autoserve_port;
  proxy_set_header Upgrade $autoserve_upgrade;
  proxy_set_header Connection $autoserve_connection;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Host $host$autoserve_port;
  proxy_set_header X-Forwarded-Proto $scheme;
  # An application's answer must not send nginx elsewhere.
  proxy_ignore_headers X-Accel-Redirect;
  # Responses are passed on as they come. Requests are read first, so that they can be sent a second time.
  proxy_buffering off;
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
  proxy_busy_buffers_size 32k;
  proxy_connect_timeout 2s;
  proxy_send_timeout 60s;
  proxy_read_timeout ${SILENCE};
  proxy_socket_keepalive on;
  # Another instance gets a request that could not be sent, or one without an answer whose method is idempotent.
  proxy_next_upstream error timeout;
  proxy_next_upstream_tries 2;
  proxy_next_upstream_timeout 10s;
`;
}

function tlsSettings(servers: readonly Server[], tlsHosts: ReadonlySet<string>): string {
  if (!servers.some(({ host }) => tlsHosts.has(host))) return '';
  return `
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:autoserve:10m;
  ssl_session_timeout 1d;
  ssl_session_tickets off;
  server {
    listen ${TLS_PORT} ssl default_server reuseport backlog=4096 so_keepalive=on;
    ssl_reject_handshake on;
    # Who shook hands for one host may ask for another.
    location / {
      set $autoserve_app "";
      return 404;
    }
    include ${PAGES_FILE};
  }
`;
}

/**
 * Which instances serve is AutoServe's to decide: with `max_fails` above 0, a client could put instances out of the
 * others' reach by requests that make them drop the connection.
 */
function upstream({ app, balance, servers }: Upstream): string {
  return `
  upstream ${upstreamName(app)} {
    zone ${upstreamName(app)} ${64 + servers.length}k;
${BALANCE[balance]}${servers.map((address) => `    server ${address} max_fails=0;\n`).join('')}    keepalive ${IDLE_PER_WORKER};
    # Shorter than the 5 s after which many servers, Node.js among them, close an idle connection.
    keepalive_timeout 4s;
  }
`;
}

function server({ host, locations }: Server, tlsHosts: ReadonlySet<string>): string {
  const tls = tlsHosts.has(host)
    ? `    listen ${TLS_PORT} ssl;
    ssl_certificate tls/${host}.crt;
    ssl_certificate_key tls/${host}.key;
`
    : '';
  const rest = locations.some(({ path }) => path === '/')
    ? ''
    : '    location / {\n      set $autoserve_app "";\n      return 404;\n    }\n';
  return `
  server {
    listen ${HTTP_PORT};
${tls}    server_name ${host};
${locations.map(location).join('')}${rest}    include ${PAGES_FILE};
  }
`;
}

/** A path leads to an app with all below it, but `/api` does not mean `/apiary`. */
function location({ path, app, ready }: Location): string {
  const matches = path === '/' ? ['/'] : [`= ${path}`, `${path}/`];
  const action = ready ? `proxy_pass http://${upstreamName(app)};` : 'return 503;';
  return matches
    .map((match) => `    location ${match} {\n      set $autoserve_app ${app};\n      ${action}\n    }\n`)
    .join('');
}

function upstreamName(app: string): string {
  return `app_${app}`;
}
