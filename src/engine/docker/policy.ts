import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import { posix } from 'node:path';

/** What the operator allows containers to have of the host. */
export interface ContainerPolicy {
  /** Directories and files of the host that may be mounted, with all below them. Empty: none. */
  hostPaths: readonly string[];
}

/** The settings a container of ours has; any other one, also one that Docker adds later, is refused. */
const ALLOWED_SETTINGS = new Set([
  'Init',
  'RestartPolicy',
  'NanoCpus',
  'Memory',
  'MemorySwap',
  'Mounts',
  'NetworkMode',
  'LogConfig',
]);

/** What in the final request body the policy forbids, one sentence each; empty when it may be sent. */
export function policyViolations(
  body: ContainerCreateOptions,
  network: string,
  policy: ContainerPolicy,
): string[] {
  const host = body.HostConfig ?? {};
  const endpoints = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {});
  return [
    ...Object.entries(host)
      .filter(([setting, value]) => !ALLOWED_SETTINGS.has(setting) && !isEmpty(value))
      .map(([setting]) => `HostConfig.${setting} is not allowed`),
    ...[host.NetworkMode ?? 'default', ...endpoints]
      .filter((name) => name !== network)
      .map((name) => `network "${name}" is not allowed, only "${network}"`),
    ...(host.Mounts ?? []).flatMap((mount) => mountViolations(mount, policy)),
  ];
}

function mountViolations(mount: MountSettings, policy: ContainerPolicy): string[] {
  switch (mount.Type) {
    case 'volume':
      return plainVolume(mount) ? [] : [`volume "${mount.Source}": driver options are not allowed`];
    case 'bind':
      return hostPathAllowed(mount.Source, policy)
        ? []
        : [`host path "${mount.Source}" is not among the host paths the operator allows`];
    case 'tmpfs':
    case 'image':
    default:
      return [`a mount of type "${mount.Type}" is not allowed`];
  }
}

/** The local driver's options can mount any path of the host. */
function plainVolume(mount: MountSettings): boolean {
  const driver = mount.VolumeOptions?.DriverConfig;
  return driver === undefined || (driver.Name === 'local' && isEmpty(driver.Options));
}

/** An engine's socket gives away the host, so that allowing a directory above it is not enough. */
function hostPathAllowed(path: string, policy: ContainerPolicy): boolean {
  const wanted = posix.normalize(path);
  if (!posix.isAbsolute(wanted)) return false;
  return policy.hostPaths.some((allowed) => {
    const root = posix.normalize(`${allowed}/`);
    return `${wanted}/` === root || (`${wanted}/`.startsWith(root) && !/\.sock\/?$/.test(wanted));
  });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
