import { posix } from 'node:path';
import type { App } from './app.gen.ts';
import { fullImageName, parseImage } from './image.ts';
import { cpuToNano, memoryToBytes } from './quantity.ts';

/** What the operator of this installation admits; manifests cannot widen it. */
export interface Policy {
  /** Paths of the host that may be mounted, with all below them. */
  allowHostPaths: readonly string[];
  /** Globs of admitted images, `*` within and `**` across slashes; empty admits all. */
  allowedImages: readonly string[];
  maxReplicas?: number;
  /** As in a manifest: `2`, `"500m"`. Apps without a limit are refused then. */
  maxCpu?: number | string;
  /** As in a manifest: `"1Gi"`. Apps without a limit are refused then. */
  maxMemory?: number | string;
}

/** Paths of the Docker socket: whoever mounts it, or a directory it is in, owns the host. */
const dockerSockets = ['/var/run/docker.sock', '/run/docker.sock'];

/** Why the operator's policy refuses an app; empty when it does not. */
export function checkPolicy(app: App, policy: Policy): string[] {
  const { spec, scaling } = app;
  const problems: string[] = [];
  for (const volume of spec.volumes) {
    if ('hostPath' in volume && !isHostPathAllowed(volume.hostPath, policy.allowHostPaths)) {
      problems.push(`host path ${volume.hostPath} is not allowed by the policy`);
    }
  }
  if (!isImageAllowed(spec.image, policy.allowedImages)) {
    problems.push(`image ${spec.image} is not allowed by the policy: ${policy.allowedImages.join(', ')}`);
  }
  const replicas = scaling.replicas ?? scaling.maxReplicas;
  if (policy.maxReplicas !== undefined && replicas > policy.maxReplicas) {
    problems.push(`${replicas} replicas are more than the policy's ${policy.maxReplicas}`);
  }
  return [
    ...problems,
    ...aboveCeiling('cpu', spec.resources.cpu, policy.maxCpu, cpuToNano),
    ...aboveCeiling('memory', spec.resources.memory, policy.maxMemory, memoryToBytes),
  ];
}

/**
 * Whether a path of the host may be mounted. The Docker socket, and directories it is in, only where `allowed`
 * names the socket itself. Symbolic links are not followed: who may place them is the operator's to decide.
 */
export function isHostPathAllowed(path: string, allowed: readonly string[]): boolean {
  const plain = plainPath(path);
  const admitted = allowed.map(plainPath);
  const exposed = dockerSockets.filter((socket) => isWithin(socket, plain));
  if (posix.basename(plain) === 'docker.sock') exposed.push(plain);
  return (
    exposed.every((socket) => admitted.includes(socket)) && admitted.some((prefix) => isWithin(plain, prefix))
  );
}

/** Whether a glob admits the image, as written or with the registry, path and tag that Docker assumes. */
export function isImageAllowed(image: string, globs: readonly string[]): boolean {
  if (globs.length === 0) return true;
  const { name, tag, digest } = parseImage(image);
  const suffix = `${tag === undefined && digest === undefined ? ':latest' : ''}${image.slice(name.length)}`;
  const forms = [name + suffix, fullImageName(name) + suffix];
  return globs.some((glob) => {
    const pattern = globPattern(glob);
    return forms.some((form) => pattern.test(form));
  });
}

function aboveCeiling(
  name: string,
  value: number | string | undefined,
  ceiling: number | string | undefined,
  amount: (value: number | string) => number,
): string[] {
  if (ceiling === undefined) return [];
  if (value === undefined) return [`no ${name} limit, and the policy demands one of at most ${ceiling}`];
  return amount(value) > amount(ceiling) ? [`${name} ${value} is more than the policy's ${ceiling}`] : [];
}

function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

function plainPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function globPattern(glob: string): RegExp {
  const pattern = glob
    .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*\*|\*/g, (stars) => (stars === '**' ? '.*' : '[^/]*'));
  return new RegExp(`^${pattern}$`);
}
