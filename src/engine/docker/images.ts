import type { AuthConfigObject } from 'dockerode';
import type Docker from 'dockerode';
import type { Logger } from 'pino';
import { fullImageName, parseImage } from '../../manifest/image.ts';
import { EngineError, type ImagePullPolicy, type PullProgress } from '../engine.ts';
import type { DockerConnection } from './connection.ts';
import { credentialsFor } from './credentials.ts';
import { dockerMessage, imageNotFound, isUnreachable, statusOf, toEngineError } from './errors.ts';
import { followPull } from './pull-progress.ts';

const UNKNOWN_IMAGE = /not found|manifest unknown|does not exist|invalid reference format/i;
const LOGIN_REFUSED = /unauthorized|denied|no basic auth credentials|incorrect username or password/i;

/** How a pull is made, and who hears of it. */
export interface PullContext {
  log: Logger;
  /** The directory of Docker's `config.json`. */
  configDirectory: string;
  signal: AbortSignal | undefined;
  onProgress: ((progress: PullProgress) => void) | undefined;
}

/** See `Engine.resolveImage`. */
export async function resolveImage(
  connection: DockerConnection,
  image: string,
  policy: ImagePullPolicy,
  context: PullContext,
): Promise<string> {
  if (policy !== 'Always') {
    const present = await localImage(connection, image);
    if (present) return present.Id;
    if (policy === 'Never') {
      throw imageNotFound(
        `use image "${image}"`,
        'it is not on this host and imagePullPolicy is Never',
        undefined,
      );
    }
  }
  await pull(connection, image, context);
  const pulled = await localImage(connection, image);
  if (pulled) return pulled.Id;
  throw new EngineError('ImagePullFailed', `image "${image}" was pulled and removed again at once`);
}

/** See `Engine.imageDigest`. */
export async function imageDigest(connection: DockerConnection, image: string): Promise<string | null> {
  const found = await localImage(connection, image);
  if (!found) throw imageNotFound(`find the digest of image "${image}"`, 'it is not on this host', undefined);
  const name = fullImageName(parseImage(image).name);
  const digests = (found.RepoDigests ?? []).map(parseImage);
  return digests.find((each) => fullImageName(each.name) === name)?.digest ?? null;
}

async function localImage(
  connection: DockerConnection,
  image: string,
): Promise<Docker.ImageInspectInfo | undefined> {
  try {
    return await connection.call(`inspect image "${image}"`, (docker) => docker.getImage(image).inspect());
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ImageNotFound') return undefined;
    throw error;
  }
}

/** No deadline of its own: a large image on a slow line takes its time, and `signal` ends it. */
async function pull(connection: DockerConnection, image: string, context: PullContext): Promise<void> {
  const { log, signal, onProgress } = context;
  const { authconfig, problem } = await login(image, context);
  try {
    const answer = await connection.docker.pull(image, {
      ...(authconfig && { authconfig }),
      ...(signal && { abortSignal: signal }),
    });
    await followPull(answer, (progress) => {
      log.debug({ image, ...progress }, 'pulling image');
      onProgress?.(progress);
    });
  } catch (error) {
    if (isUnreachable(error)) throw toEngineError(error, connection.address, `pull image "${image}"`);
    throw pullError(image, error, problem);
  }
}

/** A public image needs no login, so that a broken one is only told of when the pull fails. */
async function login(
  image: string,
  { log, configDirectory }: PullContext,
): Promise<{ authconfig?: AuthConfigObject | undefined; problem?: EngineError }> {
  try {
    return { authconfig: await credentialsFor(image, configDirectory) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    log.warn({ image, err: error }, 'cannot read registry credentials, pulling without');
    return { problem: error };
  }
}

function pullError(image: string, error: unknown, problem: EngineError | undefined): EngineError {
  const said = dockerMessage(error);
  const doing = `cannot pull image "${image}"`;
  if (problem) {
    const remedy = problem.remedy === undefined ? {} : { remedy: problem.remedy };
    return new EngineError('ImagePullFailed', `${doing} without a login: ${said} (${problem.message})`, {
      cause: error,
      ...remedy,
    });
  }
  if (statusOf(error) === 404 || UNKNOWN_IMAGE.test(said)) {
    return imageNotFound(`pull image "${image}"`, said, error);
  }
  return new EngineError('ImagePullFailed', `${doing}: ${said}`, {
    cause: error,
    remedy: LOGIN_REFUSED.test(said)
      ? `\`docker login\` to its registry as the user that runs autoserve, then try \`docker pull ${image}\``
      : `try \`docker pull ${image}\` on the host; an image that is built there needs imagePullPolicy IfNotPresent or Never`,
  });
}
