/** Where things are in the ingress container, as its configuration and its maker agree. */

export const HTTP_PORT = 8080;
export const TLS_PORT = 8443;
/** Not published: for AutoServe, from the engine's host. */
export const STATUS_PORT = 8081;

export const ROOT = '/autoserve';
/** In memory, so that a log that nobody reads fills no disk. */
export const LOG_DIRECTORY = `${ROOT}/log`;
export const LOG_FILE = `${LOG_DIRECTORY}/access.log`;
/** Names the slot whose configuration is in force. */
export const CURRENT = `${ROOT}/current`;

/** Configurations are written to the slot that is not in force. */
export const slots = ['a', 'b'] as const;
export type Slot = (typeof slots)[number];

/** nginx's command line on a slot or on what is in force. Paths in the configuration are relative to its directory. */
export function nginx(directory: string, ...args: readonly string[]): string[] {
  return ['nginx', '-c', `${directory}/nginx.conf`, ...args];
}
