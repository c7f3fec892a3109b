import pg from 'pg';

export interface Listening {
  close(): Promise<void>;
}

const RECONNECT_MS = 1_000;

/**
 * Listens on a channel until it is closed, over a connection of its own that is made again when it breaks.
 *
 * @param onNotify called with the payload of every notification, and with null whenever the connection was made: what
 * was said before was missed
 */
export function listen(url: string, channel: string, onNotify: (payload: string | null) => void): Listening {
  let closed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'autoserve_listener',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = next;
    next.on('error', () => void next.end());
    next.on('end', () => {
      if (closed) return;
      clearTimeout(timer);
      timer = setTimeout(() => void connect(), RECONNECT_MS);
    });
    next.on('notification', ({ payload }) => onNotify(payload ?? ''));
    try {
      await next.connect();
      await next.query(`LISTEN ${next.escapeIdentifier(channel)}`);
      onNotify(null);
    } catch {
      // Why the database does not answer is said by whoever reads and writes; here it only means to try again.
      await next.end();
    }
  };
  const connecting = connect();

  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await connecting;
      await client?.end();
    },
  };
}
