import { STATUS_PORT } from './layout.ts';

const ANSWER_MS = 2_000;

/**
 * What nginx's status server answers under `path`; undefined when it cannot be reached, as on a Docker host that is not
 * this one.
 */
export async function askStatus(ip: string, path: '/status' | '/configuration'): Promise<string | undefined> {
  try {
    const reply = await fetch(`http://${ip}:${STATUS_PORT}${path}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { connection: 'close' },
    });
    const body = await reply.text();
    return reply.ok ? body : undefined;
  } catch {
    return undefined;
  }
}
