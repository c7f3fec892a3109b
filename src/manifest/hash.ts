import { createHash } from 'node:crypto';
import type { App, EnvVar, Volume } from './app.gen.ts';
import type { SecretDigests } from './secrets.ts';

/** Raised when the hashed form changes; every container is then replaced once. */
const version = 1;

/**
 * Identifies what a container is made of: 16 hex digits over the parts of a spec that cannot change without a new
 * container, and the secrets they use. Replicas, scaling, health checks, routing and the like are left out, as are
 * the order of variables and volumes, and how high a limit is: the engine changes it in place, but takes none off.
 *
 * The idea of hashing a reduced spec is docker compose's `ServiceHash`.
 */
export function specHash(app: App, secretDigests: SecretDigests): string {
  const { image, command, args, workingDir, user, ports, env, resources, volumes } = app.spec;
  const hashed = {
    version,
    image,
    command: command ?? [],
    args: args ?? [],
    workingDir: workingDir ?? '',
    user: user ?? '',
    // In order: the first is the instance's own port.
    ports: ports.map(({ containerPort, protocol }) => [containerPort, protocol === 'UDP' ? 'udp' : 'tcp']),
    env: env.map(hashedVariable).toSorted(byFirst),
    limited: [resources.cpu !== undefined, resources.memory !== undefined],
    volumes: volumes.map(hashedVolume).toSorted(byFirst),
    secrets: Object.entries(secretDigests).toSorted(byFirst),
  };
  return createHash('sha256').update(JSON.stringify(hashed)).digest('hex').slice(0, 16);
}

function hashedVariable(variable: EnvVar): [string, ...string[]] {
  if ('value' in variable) return [variable.name, 'value', variable.value];
  if (variable.source === 'sdk') return [variable.name, 'sdk', variable.key];
  return [variable.name, 'secret', variable.key, variable.field ?? ''];
}

function hashedVolume(volume: Volume): [string, ...(string | boolean)[]] {
  const source = 'hostPath' in volume ? ['hostPath', volume.hostPath] : ['volume', volume.name];
  return [volume.mountPath, ...source, volume.readOnly];
}

/** By code unit, so that the order is the same on every machine. */
function byFirst(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : Number(a[0] > b[0]);
}
