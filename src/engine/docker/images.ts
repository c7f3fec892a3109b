import { EngineError, type ImagePullPolicy } from '../engine.ts';
import type { DockerConnection } from './connection.ts';
import { dockerMessage, imageNotFound, statusOf } from './errors.ts';

const UNKNOWN_IMAGE = /not found|manifest unknown|does not exist|access denied|invalid reference format/i;

/** See `Engine.resolveImage`. */
export async function resolveImage(
  connection: DockerConnection,
  image: string,
  policy: ImagePullPolicy,
  signal?: AbortSignal,
): Promise<string> {
  if (policy !== 'Always') {
    const present = await localImage(connection, image);
    if (present !== undefined) return present;
    if (policy === 'Never') {
      throw imageNotFound(
        `use image "${image}"`,
        'it is not on this host and imagePullPolicy is Never',
        undefined,
      );
    }
  }
  await pull(connection, image, signal);
  const pulled = await localImage(connection, image);
  if (pulled !== undefined) return pulled;
  throw new EngineError('ImagePullFailed', `image "${image}" was pulled and removed again at once`);
}

async function localImage(connection: DockerConnection, image: string): Promise<string | undefined> {
  try {
    const found = await connection.call(`inspect image "${image}"`, (docker) =>
      docker.getImage(image).inspect(),
    );
    return found.Id;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ImageNotFound') return undefined;
    throw error;
  }
}

/** No deadline of its own: a large image on a slow line takes its time, and `signal` ends it. */
async function pull(connection: DockerConnection, image: string, signal?: AbortSignal): Promise<void> {
  const { docker } = connection;
  try {
    const progress = await docker.pull(image, signal ? { abortSignal: signal } : {});
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    throw pullError(image, error);
  }
}

function pullError(image: string, error: unknown): EngineError {
  const said = dockerMessage(error);
  if (statusOf(error) === 404 || UNKNOWN_IMAGE.test(said)) {
    return imageNotFound(`pull image "${image}"`, said, error);
  }
  return new EngineError('ImagePullFailed', `cannot pull image "${image}": ${said}`, {
    cause: error,
    remedy: `try \`docker pull ${image}\` on the host; an image that is built there needs imagePullPolicy IfNotPresent or Never`,
  });
}
