import { homedir } from 'node:os';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { listenText, parseListenAddress, type ListenAddress } from './api/listen-address.ts';
import type { RetentionSettings } from './controllers/retention/controller.ts';
import { AutoServeError } from './error.ts';
import type { Policy } from './manifest/policy.ts';
import { defaultRetentionDays, type RetentionDays } from './store/retention.ts';

export const modes = ['enforce', 'observe'] as const;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** Everything that can be set, as one validated frozen object: flags > environment > file > defaults. */
export interface Config {
  /** The watched folder. */
  manifests: string;
  /** Where AutoServe keeps its embedded database, its lock and its log. */
  dataDir: string;
  /** Null for the embedded PostgreSQL under the data directory. */
  databaseUrl: string | null;
  /** A standby of the database, for readers. */
  replica: ReplicaConfig | null;
  /** Null for the one kept in the database. */
  installation: string | null;
  /** `DOCKER_HOST`; null for the local socket. */
  dockerHost: string | null;
  secretsDir: string;
  logLevel: (typeof logLevels)[number];
  /** Whether the engine is made equal to the manifests, or only what would be done is reported. */
  mode: (typeof modes)[number];
  /** Where requests to apps of type http come in. */
  ingress: IngressConfig;
  /** Where AutoServe tells of itself: `/metrics`, `/healthz`, `/readyz`; null for nowhere. */
  listen: ListenAddress | null;
  /** How often everything is looked at though nothing called for it, in seconds. */
  resyncSeconds: number;
  /** Engine calls at a time. */
  engineCalls: number;
  /** What the operator allows manifests to ask for. */
  policy: Policy;
  /** What is kept of the past, and how it is removed. */
  retention: RetentionSettings;
  /** Remove what left the source even when it is so much that a mistake is likelier. */
  confirmPrune: boolean;
}

export interface IngressConfig {
  /** An address of Docker's host. */
  address: string;
  /** 0 for no ingress at all. */
  port: number;
  /** For https; null for none. */
  tlsPort: number | null;
  image: string;
  /** Holds `<host>.crt` and `<host>.key`. */
  certificatesDir: string;
  /** The largest request body, in bytes; 0 for no limit. */
  maxBodyBytes: number;
}

export interface ReplicaConfig {
  url: string;
  /** Whether readers read there while it keeps up; otherwise it is only watched. */
  prefer: boolean;
  /** How far behind the primary a replica that is read may be. */
  maxLagSeconds: number;
}

/** What can be given in a configuration file; `schemas/config.schema.json` describes it. */
export type ConfigFile = Partial<
  Omit<Config, 'confirmPrune' | 'ingress' | 'listen' | 'policy' | 'replica' | 'retention'> & {
    ingress: Partial<IngressConfig>;
    listen: string;
    policy: Partial<Policy>;
    replica: Partial<ReplicaConfig>;
    retention: Partial<Omit<RetentionSettings, 'days'> & { days: Partial<RetentionDays> }>;
  }
>;

/** What can be given on the command line. */
export interface ConfigFlags {
  config?: string;
  manifests?: string;
  dataDir?: string;
  databaseUrl?: string;
  replicaUrl?: string;
  installation?: string;
  secretsDir?: string;
  logLevel?: string;
  mode?: string;
  ingressAddress?: string;
  ingressPort?: string;
  ingressImage?: string;
  listen?: string;
  confirmPrune?: boolean;
}

const variables = {
  manifests: 'AUTOSERVE_MANIFESTS',
  dataDir: 'AUTOSERVE_DATA_DIR',
  databaseUrl: 'AUTOSERVE_DATABASE_URL',
  replicaUrl: 'AUTOSERVE_REPLICA_URL',
  installation: 'AUTOSERVE_INSTALLATION',
  secretsDir: 'AUTOSERVE_SECRETS_DIR',
  logLevel: 'AUTOSERVE_LOG_LEVEL',
  mode: 'AUTOSERVE_MODE',
  ingressAddress: 'AUTOSERVE_INGRESS_ADDRESS',
  ingressPort: 'AUTOSERVE_INGRESS_PORT',
  ingressImage: 'AUTOSERVE_INGRESS_IMAGE',
  listen: 'AUTOSERVE_LISTEN',
  dockerHost: 'DOCKER_HOST',
} as const;

type Setting = keyof typeof variables;

/**
 * The configuration of one run. Paths come out absolute: those of flags and environment are taken from `cwd`, those of
 * the file from the file's directory. Throws `AutoServeError` `UsageError` that names where the wrong value stands.
 */
export async function loadConfig(
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<Readonly<Config>> {
  const path = flags.config ?? given(env['AUTOSERVE_CONFIG']);
  // Few commands have a file to read, and its validator takes a while to load.
  const file =
    path === undefined ? {} : (await import('./config-file.ts')).readConfigFile(resolve(cwd, path));

  const setting = (name: Setting): string | undefined =>
    given((flags as Partial<Record<Setting, string>>)[name]) ?? given(env[variables[name]]);
  const directory = (name: 'manifests' | 'dataDir' | 'secretsDir', fallback: string): string => {
    const value = setting(name);
    return value === undefined ? (file[name] ?? fallback) : resolve(cwd, value);
  };

  const dataDir = directory('dataDir', defaultDataDir(env));
  const dockerHost = setting('dockerHost') ?? file.dockerHost ?? null;
  const ingress = Object.freeze({
    tlsPort: null,
    certificatesDir: join(dataDir, 'certificates'),
    maxBodyBytes: 64 * 2 ** 20,
    ...file.ingress,
    address: ipAddress(setting('ingressAddress')) ?? file.ingress?.address ?? '127.0.0.1',
    port: port(setting('ingressPort')) ?? file.ingress?.port ?? 8080,
    image: setting('ingressImage') ?? file.ingress?.image ?? 'nginx:1.28-alpine',
  });
  const listen = listenAddress(setting('listen') ?? file.listen ?? '127.0.0.1:7070');
  // Where Docker is on another host, the same address is another place.
  checkPorts(ingress, dockerHost?.startsWith('unix:') === false ? null : listen);
  return Object.freeze({
    manifests: directory('manifests', resolve(cwd, 'manifests')),
    dataDir,
    databaseUrl: databaseUrl('databaseUrl', setting('databaseUrl')) ?? file.databaseUrl ?? null,
    replica: replica(databaseUrl('replicaUrl', setting('replicaUrl')), file.replica),
    installation: installation(setting('installation')) ?? file.installation ?? null,
    dockerHost,
    secretsDir: directory('secretsDir', join(dataDir, 'secrets')),
    logLevel: oneOf(logLevels, 'logLevel', setting('logLevel')) ?? file.logLevel ?? 'info',
    mode: oneOf(modes, 'mode', setting('mode')) ?? file.mode ?? 'enforce',
    ingress,
    listen,
    resyncSeconds: file.resyncSeconds ?? 50,
    engineCalls: file.engineCalls ?? 3,
    policy: Object.freeze({ allowHostPaths: [], allowedImages: [], ...file.policy }),
    retention: Object.freeze({
      intervalMinutes: 60,
      pgCron: false,
      ...file.retention,
      days: Object.freeze({ ...defaultRetentionDays, ...file.retention?.days }),
    }),
    confirmPrune: flags.confirmPrune ?? false,
  });
}

/** An empty variable counts as one that is not set, as in a shell script's `VAR= command`. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function defaultDataDir(env: Readonly<Record<string, string | undefined>>): string {
  if (process.getuid?.() === 0) return '/var/lib/autoserve';
  return join(given(env['XDG_DATA_HOME']) ?? join(homedir(), '.local', 'share'), 'autoserve');
}

function databaseUrl(name: 'databaseUrl' | 'replicaUrl', value: string | undefined): string | undefined {
  if (value === undefined || /^postgres(ql)?:\/\//.test(value)) return value;
  throw usage("a database's URL must begin with postgres:// or postgresql://", variables[name]);
}

function replica(replicaUrl: string | undefined, file: ConfigFile['replica']): ReplicaConfig | null {
  const url = replicaUrl ?? file?.url;
  return url === undefined ? null : Object.freeze({ prefer: true, maxLagSeconds: 10, ...file, url });
}

/** It becomes part of labels and network names, hence the narrow alphabet. */
function installation(value: string | undefined): string | undefined {
  if (value === undefined || /^[a-z0-9][a-z0-9-]{0,62}$/.test(value)) return value;
  throw usage(
    `installation "${value}": use lower-case letters, digits and dashes, at most 63`,
    variables.installation,
  );
}

function ipAddress(value: string | undefined): string | undefined {
  if (value === undefined || isIP(value) !== 0) return value;
  throw usage(`"${value}" is no IP address`, variables.ingressAddress);
}

function port(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Infinity;
  if (number <= 65_535) return number;
  throw usage(`"${value}" is no port; 0 is for no ingress`, variables.ingressPort);
}

function listenAddress(text: string): ListenAddress | null {
  return text === 'off' ? null : parseListenAddress(text);
}

/** Only one of them could have an address and port. */
function checkPorts({ address, port: http, tlsPort }: IngressConfig, listen: ListenAddress | null): void {
  if (http === 0) return;
  const places: [setting: string, place: ListenAddress | null][] = [
    ['ingress.port', { host: address, port: http }],
    ['ingress.tlsPort', tlsPort === null ? null : { host: address, port: tlsPort }],
    ['listen', listen],
  ];
  const settings = new Map<string, string>();
  for (const [setting, place] of places) {
    if (!place) continue;
    const text = listenText(place);
    const other = settings.get(text);
    if (other !== undefined)
      throw new AutoServeError('UsageError', `${other} and ${setting} are both at ${text}`, {
        remedy: 'choose another port for one of them',
      });
    settings.set(text, setting);
  }
}

function oneOf<Value extends string>(
  values: readonly Value[],
  name: 'logLevel' | 'mode',
  value: string | undefined,
): Value | undefined {
  const known = values.find((each) => each === value);
  if (value === undefined || known) return known;
  const what = { logLevel: 'log level', mode: 'mode' }[name];
  throw usage(`${what} "${value}": use one of ${values.join(', ')}`, variables[name]);
}

function usage(message: string, variable: string): AutoServeError {
  return new AutoServeError('UsageError', message, { remedy: `change the flag or ${variable}` });
}
