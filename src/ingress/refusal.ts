import { AutoServeError } from '../error.ts';
import type { Configuration } from './configuration.ts';
import type { RoutingTable } from './routes.ts';

/** nginx refused a configuration; the one before it goes on serving. */
export class ConfigurationRefused extends AutoServeError {
  /** The app whose part of it nginx names; null when it names none. */
  readonly app: string | null;
  /** Whose certificate it does not take; null when it is something else. */
  readonly host: string | null;

  constructor(said: string, app: string | null) {
    const whose = app === null ? 'the configuration' : `the configuration of app "${app}"`;
    super('ConfigurationRefused', `nginx refuses ${whose}: ${reasonOf(said)}`, {
      remedy: 'the configuration before it goes on serving; change what nginx names',
    });
    this.name = 'ConfigurationRefused';
    this.app = app;
    this.host = certificateHostOf(said);
  }
}

/** The line that says why, without time and process. */
function reasonOf(said: string): string {
  const reason = /\[emerg\] (?:\d+#\d+: )?(.+)/.exec(said)?.[1];
  return reason ?? (said.trim().slice(0, 500) || 'it says nothing');
}

/** The app that nginx's complaint is about: by the line that it names, or the host whose certificate it is. */
export function culpritOf(said: string, { files }: Configuration, table: RoutingTable): string | null {
  const host = certificateHostOf(said);
  if (host !== null) return appOf(table, host);
  const line = Number(/nginx\.conf:(\d+)/.exec(said)?.[1]);
  const before = files.get('nginx.conf')?.content.split('\n').slice(0, line) ?? [];
  for (const text of before.toReversed()) {
    if (text === '  }') return null;
    const named = /^ {2}upstream app_([a-z0-9-]+) |^ {6}set \$autoserve_app ([a-z0-9-]+);/.exec(text);
    if (named) return named[1] ?? named[2] ?? null;
    const server = /^ {4}server_name (\S+);/.exec(text)?.[1];
    if (server !== undefined) return appOf(table, server);
  }
  return null;
}

function certificateHostOf(said: string): string | null {
  return /\/tls\/([a-z0-9.-]+)\.(?:crt|key)\b/.exec(said)?.[1] ?? null;
}

function appOf(table: RoutingTable, host: string): string | null {
  return table.servers.find((server) => server.host === host)?.locations[0]?.app ?? null;
}
