import { AutoServeError } from '../error.ts';

export interface ListenAddress {
  host: string;
  port: number;
}

/** `127.0.0.1:7070`, `[::1]:7070`, `localhost:7070`. Throws `AutoServeError` `UsageError`. */
export function parseListenAddress(text: string): ListenAddress {
  const [, v6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  if (host === undefined || !(port <= 65_535)) {
    throw new AutoServeError('UsageError', `cannot listen on "${text}": that is no address and port`, {
      remedy: 'give an address of this host and a port, such as 127.0.0.1:7070 or [::1]:7070',
    });
  }
  return { host, port };
}

/** As it stands in a URL. */
export function listenText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
