import { messageOf } from '../../error.ts';
import { EngineError } from '../engine.ts';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOENT',
  'EACCES',
  'EPERM',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The HTTP status Docker answered with; undefined when it did not answer. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Whether the way to Docker broke before it answered, or while it did. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNREACHABLE.has(String(error.code));
}

/** What Docker said, without the wrapping that the client puts around it; an answer that was a stream is nowhere else. */
export function dockerMessage(error: unknown): string {
  const answer = error instanceof Error && 'json' in error ? error.json : undefined;
  if (typeof answer === 'object' && answer !== null && 'message' in answer) return String(answer.message);
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /, '')
    .trim();
}

/**
 * An `EngineError` for anything thrown by a call to Docker: `EngineUnavailable` when there was no answer,
 * otherwise `ContainerNotFound`, `ImageNotFound`, `NetworkNotFound` or `EngineRefused` by what the answer says.
 * `doing` completes the sentence "Docker failed to …".
 */
export function toEngineError(error: unknown, address: string, doing: string): EngineError {
  if (error instanceof EngineError) return error;
  const said = dockerMessage(error);
  if (statusOf(error) === undefined) return unavailable(error, address, doing);
  if (statusOf(error) === 404) {
    if (/^no such image/i.test(said)) return imageNotFound(doing, said, error);
    if (/^network .* not found/i.test(said)) {
      return new EngineError('NetworkNotFound', `cannot ${doing}: ${said}`, { cause: error });
    }
    if (/^no such container/i.test(said)) {
      return new EngineError('ContainerNotFound', `cannot ${doing}: ${said}`, { cause: error });
    }
  }
  return new EngineError('EngineRefused', `cannot ${doing}: Docker at ${address} says: ${said}`, {
    cause: error,
  });
}

export function imageNotFound(doing: string, said: string, cause: unknown): EngineError {
  return new EngineError('ImageNotFound', `cannot ${doing}: ${said}`, {
    cause,
    remedy: 'check the spelling of the image and its tag, `docker login` if it is private, or build it first',
  });
}

function unavailable(error: unknown, address: string, doing: string): EngineError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const permission = code === 'EACCES' || code === 'EPERM';
  const reason = typeof code === 'string' && UNREACHABLE.has(code) ? code : dockerMessage(error);
  return new EngineError(
    'EngineUnavailable',
    `cannot ${doing}: no answer from Docker at ${address} (${reason})`,
    {
      cause: error,
      remedy: permission
        ? 'add this user to the group `docker` (`sudo usermod -aG docker $USER`, then log in again) or run as root'
        : 'start it with `sudo systemctl start docker`, install it with `sudo apt-get install docker.io`, or set DOCKER_HOST',
    },
  );
}
