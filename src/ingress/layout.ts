/** Where things are in the ingress container, as its configuration and its maker agree. */

export const HTTP_PORT = 8080;
export const TLS_PORT = 8443;
/** Not published: for AutoServe, from the engine's host. */
export const STATUS_PORT = 8081;

/** Connections to an app's instances that a worker keeps for later requests. */
export const IDLE_PER_WORKER = 64;

export const ROOT = '/autoserve';
/** In memory, so that a log that nobody reads fills no disk. */
export const LOG_DIRECTORY = `${ROOT}/log`;
export const LOG_FILE = `${LOG_DIRECTORY}/access.log`;
/** Names the slot whose configuration is in force. */
export const CURRENT = `${ROOT}/current`;

/**
 * Configurations are written to one slot after the other, so that workers of an earlier one, which may have long requests
 * to finish, can tell that it is not in force any more.
 */
export const slots = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
export type Slot = (typeof slots)[number];
/** Every configuration includes it, by this name beside it: what differs by slot. */
export const SLOT_FILE = 'slot.conf';

/**
 * Tells the workers of a slot whether it is in force: a directory while it is, then a link to elsewhere. At the top of the
 * file system, for nginx asks at every answer, at the price of a system call for each part of the path.
 */
export function flag(slot: Slot): string {
  return `/autoserve-${slot}`;
}

/** nginx's command line on a slot or on what is in force. Paths in the configuration are relative to its directory. */
export function nginx(directory: string, ...args: readonly string[]): string[] {
  return ['nginx', '-c', `${directory}/nginx.conf`, ...args];
}
