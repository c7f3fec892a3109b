import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { nginxConfig, type NginxSettings } from './nginx-config.ts';
import { PAGES, PAGES_FILE } from './pages.ts';
import type { RoutingTable } from './routes.ts';

/** All that one configuration of nginx is made of. */
export interface Configuration {
  /** A digest of the files: equal configurations have equal ones. */
  generation: string;
  /** By name, relative to the configuration's directory. */
  files: ReadonlyMap<string, ConfigurationFile>;
}

export interface ConfigurationFile {
  content: string;
  mode: number;
}

/** `certificates` of hosts that `table` does not have are left out. */
export function configurationOf(
  table: RoutingTable | null,
  settings: NginxSettings,
  certificates: readonly Certificate[],
): Configuration {
  const hosts = new Set(table?.servers.map(({ host }) => host));
  const files = new Map([[PAGES_FILE, { content: PAGES, mode: 0o644 }]]);
  const tlsHosts = new Set<string>();
  for (const { host, certificate, key } of certificates) {
    if (!hosts.has(host)) continue;
    tlsHosts.add(host);
    files.set(`tls/${host}.crt`, { content: certificate, mode: 0o644 });
    files.set(`tls/${host}.key`, { content: key, mode: 0o600 });
  }
  const input = { table, settings, tlsHosts };
  const hash = createHash('sha256').update(nginxConfig({ ...input, generation: '' }));
  const pairs = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify(pairs));
  const generation = hash.digest('hex').slice(0, 32);
  files.set('nginx.conf', { content: nginxConfig({ ...input, generation }), mode: 0o644 });
  return { generation, files };
}
