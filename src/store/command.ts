import type { Connection } from './database.ts';
import { listen, type Listening } from './listen.ts';

/** What the command line asks of the running AutoServe: to prune though the sync held it back. */
export type Command = 'confirm-prune';

const CHANNEL = 'autoserve_command';

/** Says a command to whoever listens on this database; nobody hears it later. */
export async function sendCommand(connection: Connection, command: Command): Promise<void> {
  await connection.query('SELECT pg_notify(?, ?)', [CHANNEL, command]);
}

/** Calls `onCommand` for every command until it is closed. */
export function listenForCommands(url: string, onCommand: (command: Command) => void): Listening {
  return listen(url, CHANNEL, (payload) => {
    if (payload === 'confirm-prune') onCommand(payload);
  });
}
