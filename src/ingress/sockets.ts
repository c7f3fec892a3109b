import type { IngressEngine } from '../engine/ingress-engine.ts';
import { AutoServeError } from '../error.ts';

/** IPv6 need not be there. */
const COMMAND = ['grep', '-hs', ' 01 ', '/proc/net/tcp', '/proc/net/tcp6'];
/** Nothing is found, or a file is not there. */
const MOST_EXIT_CODE = 2;

/** The connections that nginx has established, in lines of `/proc/net/tcp`. Throws `SocketsUnreadable`. */
export async function readSockets(engine: IngressEngine, id: string): Promise<string> {
  const { exitCode, output } = await engine.run(id, COMMAND);
  if (exitCode <= MOST_EXIT_CODE) return output;
  throw new AutoServeError('SocketsUnreadable', `cannot read nginx's connections: ${output.trim()}`, {
    remedy: 'the ingress image needs the program grep',
  });
}
