import type { Connection } from './database.ts';
import { listen, type Listening } from './listen.ts';

/**
 * What the command line asks of the running AutoServe: to prune though the sync held it back, or to look at an app now
 * because its row was changed.
 */
export type Command = { kind: 'confirm-prune' } | { kind: 'reconcile'; app: string };

const CHANNEL = 'autoserve_command';

/** Says a command to whoever listens on this database, once the transaction is committed; nobody hears it later. */
export async function sendCommand(connection: Connection, command: Command): Promise<void> {
  await connection.query('SELECT pg_notify(?, ?)', [CHANNEL, textOf(command)]);
}

/** Calls `onCommand` for every command until it is closed. */
export function listenForCommands(url: string, onCommand: (command: Command) => void): Listening {
  return listen(url, CHANNEL, (payload) => {
    const command = parse(payload ?? '');
    if (command) onCommand(command);
  });
}

function textOf(command: Command): string {
  return command.kind === 'reconcile' ? `reconcile ${command.app}` : command.kind;
}

/** Undefined for what another version says. */
function parse(payload: string): Command | undefined {
  if (payload === 'confirm-prune') return { kind: 'confirm-prune' };
  const app = /^reconcile (.+)$/.exec(payload)?.[1];
  return app === undefined ? undefined : { kind: 'reconcile', app };
}
