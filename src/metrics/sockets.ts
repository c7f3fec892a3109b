/** `st` of an established connection in `/proc/net/tcp`. */
const ESTABLISHED = '01';

/**
 * Established connections by the address of their other end, `ip:port` or `[ip]:port`, of lines of `/proc/net/tcp` and
 * `/proc/net/tcp6` (proc(5), on a little-endian host). Those to a port of `served` are of clients and left out.
 */
export function parseSockets(lines: readonly string[], served: ReadonlySet<number>): Map<string, number> {
  const connections = new Map<string, number>();
  for (const line of lines) {
    const [, local = '', remote = '', state] = line.trim().split(/ +/);
    if (state !== ESTABLISHED || served.has(portOf(local))) continue;
    const address = addressOf(remote);
    if (address !== undefined) connections.set(address, (connections.get(address) ?? 0) + 1);
  }
  return connections;
}

function portOf(end: string): number {
  return Number.parseInt(end.slice(end.indexOf(':') + 1), 16);
}

/** Undefined for anything but an address and a port. */
function addressOf(end: string): string | undefined {
  const match = /^(?:([0-9A-F]{8})|([0-9A-F]{32})):[0-9A-F]{4}$/.exec(end);
  if (!match) return undefined;
  const [, four, six] = match;
  const bytes = [...Buffer.from(four ?? six ?? '', 'hex').swap32()];
  if (four !== undefined) return `${bytes.join('.')}:${portOf(end)}`;
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return `${new URL(`http://[${groups.join(':')}]`).hostname}:${portOf(end)}`;
}
