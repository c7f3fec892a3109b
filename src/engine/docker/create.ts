import type Docker from 'dockerode';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError, type InstanceIdentity } from '../engine.ts';
import { INSTALLATION_LABEL, parseIdentity } from '../labels.ts';
import type { DockerConnection } from './connection.ts';
import { statusOf } from './errors.ts';

const ATTEMPTS = 20;
const RETRY_MS = 50;

/**
 * Creates an instance and returns its id. The name makes it happen once: when the reply to an earlier create was
 * lost, Docker refuses the second one, and the container that holds the name is the one that was wanted.
 */
export async function createContainer(
  connection: DockerConnection,
  installation: string,
  identity: InstanceIdentity,
  body: Docker.ContainerCreateOptions,
): Promise<string> {
  return await createNamed(connection, identity.name, body, (holder, cause) =>
    idIfSame(holder, installation, identity, cause),
  );
}

/**
 * Creates a container and returns its id.
 *
 * @param idOfHolder what to return where another container has the name; undefined to wait until it has not
 */
export async function createNamed(
  connection: DockerConnection,
  name: string,
  body: Docker.ContainerCreateOptions,
  idOfHolder: (holder: Docker.ContainerInspectInfo, cause: EngineError) => string | undefined,
): Promise<string> {
  // Without `_query` and `_body` the client would put the body into the URL too, and with it the secrets.
  const request = { ...body, _query: { name }, _body: body };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const container = await connection.call(`create container "${name}"`, (docker) =>
        docker.createContainer(request),
      );
      return container.id;
    } catch (error) {
      if (!(error instanceof EngineError) || statusOf(error.cause) !== 409) throw error;
      const holder = await inspectHolder(connection, name);
      const id = holder && idOfHolder(holder, error);
      if (id !== undefined) return id;
      // Docker reserves a name before the container can be seen, and frees it after it is gone.
      if (attempt === ATTEMPTS) throw error;
      await delay(RETRY_MS);
    }
  }
}

async function inspectHolder(
  connection: DockerConnection,
  name: string,
): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await connection.call(`inspect container "${name}"`, (docker) =>
      docker.getContainer(name).inspect(),
    );
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ContainerNotFound') return undefined;
    throw error;
  }
}

function idIfSame(
  holder: Docker.ContainerInspectInfo,
  installation: string,
  wanted: InstanceIdentity,
  cause: EngineError,
): string {
  const labels = holder.Config.Labels ?? {};
  const held = parseIdentity(labels);
  if (
    labels[INSTALLATION_LABEL] === installation &&
    held?.appUid === wanted.appUid &&
    held.name === wanted.name
  ) {
    return holder.Id;
  }
  throw nameTaken(wanted.name, holder, cause);
}

export function nameTaken(name: string, holder: Docker.ContainerInspectInfo, cause: unknown): EngineError {
  return new EngineError(
    'NameTaken',
    `cannot create container "${name}": container ${holder.Id.slice(0, 12)} (image ${holder.Config.Image}) ` +
      'has that name and is not ours, so it is left alone',
    { cause, remedy: `\`docker rename ${name} NEW-NAME\`, or remove it if nobody needs it` },
  );
}
