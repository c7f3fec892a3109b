import { posix } from 'node:path';
import { error, typeOf, warning, type Check, type Subject } from './check.ts';
import { isMapping } from './canonical.ts';
import { typeByPorts, withDefaults } from './defaults.ts';
import { childPointer, fieldPath, valueAt } from './pointer.ts';
import type { Problem } from './problem.ts';
import { scalingChecks } from './scaling-checks.ts';
import { cpuToNano, memoryToBytes } from './quantity.ts';
import { appSchema } from './schema.ts';

/** Docker refuses a container with less. */
const minMemoryBytes = 6 * 2 ** 20;
/** The kernel's shortest CPU quota, 1 ms of every 100 ms. */
const minNanoCpus = 1e7;

/**
 * What the schema cannot say: rules between fields. `document` is in canonical spelling and may be invalid; the
 * pointers of the problems are canonical too.
 */
export function checkDocument(document: unknown): Problem[] {
  const filled = withDefaults(appSchema, document);
  const subject: Subject = {
    written: (pointer) => valueAt(document, pointer),
    number(pointer) {
      const value = valueAt(filled, pointer);
      return typeof value === 'number' ? value : Number.NaN;
    },
    list(pointer) {
      const value = valueAt(filled, pointer);
      return Array.isArray(value) ? value : [];
    },
  };
  return checks.flatMap((check) => check(subject));
}

const checks: Check[] = [
  ...scalingChecks,
  uniqueNames,
  portsForType,
  portForHealthCheck,
  fieldsOfTcpCheck,
  ingressForHttp,
  strategyFields,
  resourceLimits,
  mountPaths,
  dependsOnOthers,
  appLabel,
];

function uniqueNames(subject: Subject): Problem[] {
  return [
    ...repeated(subject, '/spec/env', 'name', (env) => env['name']),
    ...repeated(subject, '/spec/ports', 'containerPort', ({ containerPort, protocol }) =>
      typeof containerPort === 'number'
        ? `${containerPort}/${protocol === 'UDP' ? 'udp' : 'tcp'}`
        : undefined,
    ),
    ...repeated(subject, '/spec/ports', 'name', (port) => port['name']),
    ...repeated(subject, '/spec/volumes', 'mountPath', ({ mountPath }) =>
      typeof mountPath === 'string' ? plainPath(mountPath) : undefined,
    ),
  ];
}

function repeated(
  { list }: Subject,
  listAt: string,
  field: string,
  identity: (item: Record<string, unknown>) => unknown,
): Problem[] {
  const first = new Map<string, number>();
  return list(listAt).flatMap((item, index) => {
    const id = isMapping(item) ? identity(item) : undefined;
    if (typeof id !== 'string') return [];
    const before = first.get(id);
    if (before === undefined) {
      first.set(id, index);
      return [];
    }
    const at = childPointer(childPointer(listAt, String(index)), field);
    const other = fieldPath(childPointer(listAt, String(before)));
    return [error(at, `${fieldPath(at)} repeats ${JSON.stringify(id)} of ${other}`)];
  });
}

function portsForType({ written, list }: Subject): Problem[] {
  const type = written('/spec/type');
  const ports = list('/spec/ports');
  if (type !== 'http' && type !== 'tcp') return [];
  if (ports.length === 0)
    return [
      error('/spec/type', `type ${type} needs at least one port`, {
        suggestion: 'add "ports: [{containerPort: 8080}]", or write "type: worker"',
      }),
    ];
  if (type === 'tcp' || typeByPorts(ports) === 'http') return [];
  return [
    error('/spec/type', 'type http needs a port of protocol HTTP', {
      suggestion: 'write "protocol: HTTP" at the port that takes requests, or "type: tcp"',
    }),
  ];
}

function portForHealthCheck({ written, list }: Subject): Problem[] {
  const check = written('/healthCheck');
  if (!isMapping(check) || 'port' in check || list('/spec/ports').length > 0) return [];
  return [
    error('/healthCheck', 'healthCheck has no port, and spec.ports has none it could take', {
      on: 'key',
      suggestion: 'add "port"',
    }),
  ];
}

function fieldsOfTcpCheck({ written }: Subject): Problem[] {
  if (written('/healthCheck/protocol') !== 'TCP') return [];
  return ['path', 'method', 'headers', 'body', 'expectedStatusCodes']
    .map((name) => `/healthCheck/${name}`)
    .filter((at) => written(at) !== undefined)
    .map((at) => warning(at, `${fieldPath(at)} has no effect with protocol TCP, which only connects`));
}

function ingressForHttp(subject: Subject): Problem[] {
  const type = typeOf(subject);
  if (subject.written('/spec/ingress') === undefined || (type !== 'tcp' && type !== 'worker')) return [];
  return [
    error('/spec/ingress', `spec.ingress needs type http, and this app is of type ${type}`, { on: 'key' }),
  ];
}

function strategyFields({ written }: Subject): Problem[] {
  if (written('/spec/strategy/type') !== 'Recreate') return [];
  return ['maxSurge', 'maxUnavailable']
    .map((name) => `/spec/strategy/${name}`)
    .filter((at) => written(at) !== undefined)
    .map((at) => warning(at, `${fieldPath(at)} has no effect with type Recreate`));
}

function resourceLimits({ written }: Subject): Problem[] {
  const cpu = quantity(written('/spec/resources/cpu'), cpuToNano);
  const memory = quantity(written('/spec/resources/memory'), memoryToBytes);
  const problems: Problem[] = [];
  if (cpu !== undefined && (cpu < minNanoCpus || cpu > 4096e9)) {
    problems.push(error('/spec/resources/cpu', 'spec.resources.cpu must be between 10m and 4096 cores'));
  }
  if (memory !== undefined && memory < minMemoryBytes) {
    const raw = written('/spec/resources/memory');
    const unitless = /^[0-9.]+$/.test(String(raw));
    problems.push(
      error('/spec/resources/memory', 'spec.resources.memory must be at least 6Mi', {
        ...(unitless && { suggestion: `a number alone is bytes: did you mean "${String(raw)}Mi"?` }),
      }),
    );
  } else if (memory !== undefined && !Number.isSafeInteger(memory)) {
    problems.push(error('/spec/resources/memory', 'spec.resources.memory is more than any host has'));
  }
  return problems;
}

/** The amount, or nothing where the schema has already said that it is none. */
function quantity(value: unknown, convert: (value: number | string) => number): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  try {
    return convert(value);
  } catch {
    return undefined;
  }
}

function mountPaths({ list }: Subject): Problem[] {
  return list('/spec/volumes').flatMap((volume, index) => {
    const path = isMapping(volume) ? volume['mountPath'] : undefined;
    if (typeof path !== 'string' || plainPath(path) !== '/') return [];
    const at = `/spec/volumes/${index}/mountPath`;
    return [error(at, `${fieldPath(at)} must be a directory below /, not / itself`)];
  });
}

function dependsOnOthers({ written, list }: Subject): Problem[] {
  const name = written('/metadata/name');
  const index = list('/spec/dependsOn').findIndex((dependency) => dependency === name);
  if (index === -1 || typeof name !== 'string') return [];
  return [error(`/spec/dependsOn/${index}`, `app "${name}" cannot depend on itself`)];
}

function appLabel({ written }: Subject): Problem[] {
  const name = written('/metadata/name');
  const label = written('/metadata/labels/app');
  if (typeof name !== 'string' || typeof label !== 'string' || label === name) return [];
  return [warning('/metadata/labels/app', `label app "${label}" differs from the name "${name}"`, 'value')];
}

/** Without doubled or trailing slashes. */
function plainPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
