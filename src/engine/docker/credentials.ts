import type { AuthConfigObject } from 'dockerode';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../error.ts';
import { fullImageName, parseImage } from '../../manifest/image.ts';
import { EngineError } from '../engine.ts';

const DOCKER_HUB = 'docker.io';
/** What Docker's own tools call the hub. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';
const HELPER_NAME = /^[\w][\w.-]*$/;
const HELPER_MS = 30_000;
const HELPER_KNOWS_NONE = /credentials not found/i;
/** The user name with which a helper says that its secret is a token. */
const TOKEN_USER = '<token>';

/** The part of Docker's `config.json` that says how to log in. */
interface DockerConfig {
  auths?: Record<string, StoredLogin>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

interface StoredLogin {
  /** `user:password` in base64. */
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
}

interface HelperLogin {
  Username: string;
  Secret: string;
}

/** Where `docker login` writes: DOCKER_CONFIG or `~/.docker`. */
export function dockerConfigDirectory(): string {
  return process.env['DOCKER_CONFIG'] || join(homedir(), '.docker');
}

/**
 * How to log in to an image's registry, as `docker pull` would find it in `<directory>/config.json`: the credential
 * helper of that registry or of all, else what is stored there. Undefined when there is none. Throws `ImagePullFailed`
 * for a configuration that cannot be read and a helper that fails.
 */
export async function credentialsFor(
  image: string,
  directory: string,
): Promise<AuthConfigObject | undefined> {
  const registry = registryOf(image);
  const config = await readConfig(join(directory, 'config.json'));
  const helper = entryOf(config.credHelpers, registry) ?? config.credsStore;
  const serveraddress = registry === DOCKER_HUB ? DOCKER_HUB_SERVER : registry;
  const login = helper ? await askHelper(helper, serveraddress) : decode(entryOf(config.auths, registry));
  return login && { ...login, serveraddress };
}

/** The registry that Docker takes an image from: `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
function registryOf(image: string): string {
  return hostOf(fullImageName(parseImage(image).name));
}

/** Keys are hosts, or addresses such as `https://ghcr.io/v2/`. */
function entryOf<T>(entries: Record<string, T> | undefined, registry: string): T | undefined {
  return Object.entries(entries ?? {}).find(([key]) => hostOf(key) === registry)?.[1];
}

function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? DOCKER_HUB : host;
}

async function readConfig(path: string): Promise<DockerConfig> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as DockerConfig;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    // What JSON.parse says quotes the file, and with it perhaps a password.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : messageOf(error);
    throw new EngineError('ImagePullFailed', `cannot read registry credentials from ${path}: ${reason}`, {
      remedy: 'correct the file, or `docker login` again',
    });
  }
}

function decode(stored: StoredLogin | undefined): AuthConfigObject | undefined {
  if (!stored) return undefined;
  const { auth, username, password, identitytoken, registrytoken } = stored;
  if (identitytoken) return { identitytoken };
  if (registrytoken) return { registrytoken };
  if (auth) {
    const plain = Buffer.from(auth, 'base64').toString('utf8');
    const colon = plain.indexOf(':');
    if (colon > 0) return { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  return username ? { username, password: password ?? '' } : undefined;
}

async function askHelper(name: string, server: string): Promise<AuthConfigObject | undefined> {
  const program = `docker-credential-${name}`;
  // The name must not be a path.
  if (!HELPER_NAME.test(name)) throw helperError(program, server, 'that is no name of a helper');
  const { exitCode, output, said } = await run(program, server);
  if (exitCode !== 0) {
    if (HELPER_KNOWS_NONE.test(output)) return undefined;
    throw helperError(program, server, `exit code ${exitCode}: ${(said || output).trim().slice(0, 500)}`);
  }
  const login = parseHelperLogin(output);
  if (!login) throw helperError(program, server, 'its answer has no Username and Secret');
  return login.Username === TOKEN_USER
    ? { identitytoken: login.Secret }
    : { username: login.Username, password: login.Secret };
}

/** Runs `<program> get` with the server's address on stdin, as the protocol of credential helpers has it. */
async function run(
  program: string,
  server: string,
): Promise<{ exitCode: number | null; output: string; said: string }> {
  const helper = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'pipe'], timeout: HELPER_MS });
  // A helper may end without reading; how it ends tells enough.
  helper.stdin.on('error', () => undefined);
  helper.stdin.end(server);
  const ended = new Promise<number | null>((resolve, reject) => {
    helper.on('error', (error) => reject(helperError(program, server, messageOf(error))));
    helper.on('close', resolve);
  });
  const [exitCode, output, said] = await Promise.all([ended, text(helper.stdout), text(helper.stderr)]);
  return { exitCode, output, said };
}

function parseHelperLogin(output: string): HelperLogin | undefined {
  try {
    const login = JSON.parse(output) as Partial<HelperLogin>;
    if (typeof login.Username !== 'string' || typeof login.Secret !== 'string') return undefined;
    return { Username: login.Username, Secret: login.Secret };
  } catch {
    return undefined;
  }
}

function helperError(program: string, server: string, reason: string): EngineError {
  return new EngineError(
    'ImagePullFailed',
    `credential helper "${program}" gives no login for ${server}: ${reason}`,
    { remedy: `install ${program} in the PATH, or take it out of Docker's config.json and \`docker login\`` },
  );
}
