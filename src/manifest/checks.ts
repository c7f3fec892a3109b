import { posix } from 'node:path';
import { isMapping } from './canonical.ts';
import { typeByPorts, withDefaults } from './defaults.ts';
import { childPointer, fieldPath, valueAt } from './pointer.ts';
import type { Problem } from './problem.ts';
import { cpuToNano, memoryToBytes } from './quantity.ts';
import { appSchema, propertiesOf } from './schema.ts';

/** Docker refuses a container with less. */
const minMemoryBytes = 6 * 2 ** 20;
/** The kernel's shortest CPU quota, 1 ms of every 100 ms. */
const minNanoCpus = 1e7;

/** A document in canonical spelling, possibly invalid, as the checks read it. */
interface Subject {
  /** The value the user wrote at a pointer; undefined when there is none. */
  written: (pointer: string) => unknown;
  /** The number there, the default where none was written; NaN when it is no number. */
  number: (pointer: string) => number;
  /** The list there; empty when it is none. */
  list: (pointer: string) => unknown[];
}

type Check = (subject: Subject) => Problem[];

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
  replicasByMode,
  replicasInBounds,
  boundsInOrder,
  thresholdsInOrder,
  noneInAutoMode,
  policyInManualMode,
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

function replicasByMode({ written }: Subject): Problem[] {
  const mode = written('/scaling/mode') ?? 'auto';
  if (mode !== 'auto' || written('/scaling/replicas') === undefined) return [];
  return [
    error(
      '/scaling/replicas',
      'scaling.replicas is not allowed in mode auto, where the scaler owns the count',
      {
        on: 'key',
        suggestion: 'write "mode: manual", or minReplicas and maxReplicas instead',
      },
    ),
  ];
}

function replicasInBounds({ written }: Subject): Problem[] {
  const replicas = written('/scaling/replicas');
  if (typeof replicas !== 'number' || written('/scaling/mode') !== 'manual') return [];
  const min = written('/scaling/minReplicas');
  const max = written('/scaling/maxReplicas');
  if (typeof min === 'number' && replicas < min) {
    return [error('/scaling/replicas', `scaling.replicas ${replicas} is less than minReplicas ${min}`)];
  }
  if (typeof max === 'number' && replicas > max) {
    return [error('/scaling/replicas', `scaling.replicas ${replicas} is more than maxReplicas ${max}`)];
  }
  return [];
}

function boundsInOrder(subject: Subject): Problem[] {
  return inOrder(subject, 'minReplicas', 'maxReplicas', (min, max) => min > max, 'more than');
}

function thresholdsInOrder(subject: Subject): Problem[] {
  return inOrder(
    subject,
    'scaleInThresholdPct',
    'scaleOutThresholdPct',
    (low, high) => low >= high,
    'not less than',
  );
}

function inOrder(
  { written, number }: Subject,
  low: string,
  high: string,
  wrong: (low: number, high: number) => boolean,
  relation: string,
): Problem[] {
  const lowAt = `/scaling/${low}`;
  const highAt = `/scaling/${high}`;
  if (!wrong(number(lowAt), number(highAt))) return [];
  const described = (at: string, name: string) =>
    `${name} ${number(at)}${written(at) === undefined ? ' (the default)' : ''}`;
  const message = `${described(lowAt, `scaling.${low}`)} is ${relation} ${described(highAt, high)}`;
  return [error(written(lowAt) === undefined ? highAt : lowAt, message)];
}

/** What the count follows in mode manual too. */
const countFields = new Set(['mode', 'replicas', 'minReplicas', 'maxReplicas']);

function noneInAutoMode(subject: Subject): Problem[] {
  const { written } = subject;
  const type = typeOf(subject);
  if (written('/scaling/minReplicas') !== 0 || (type !== 'tcp' && type !== 'worker')) return [];
  if ((written('/scaling/mode') ?? 'auto') !== 'auto') return [];
  const message = `scaling.minReplicas 0 counts as 1 for type ${type}, which no request could start again`;
  return [warning('/scaling/minReplicas', message, 'value')];
}

function policyInManualMode({ written }: Subject): Problem[] {
  if (written('/scaling/mode') !== 'manual') return [];
  const first = propertiesOf({ $ref: '#/$defs/scaling' })
    .map(([name]) => name)
    .find((name) => !countFields.has(name) && written(`/scaling/${name}`) !== undefined);
  if (first === undefined) return [];
  return [warning(`/scaling/${first}`, 'the scaling policy has no effect in mode manual')];
}

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

function typeOf({ written, list }: Subject): unknown {
  return written('/spec/type') ?? typeByPorts(list('/spec/ports'));
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

function error(
  pointer: string,
  message: string,
  { on = 'value', suggestion }: { on?: Problem['on']; suggestion?: string } = {},
): Problem {
  return { severity: 'error', pointer, on, message, ...(suggestion !== undefined && { suggestion }) };
}

function warning(pointer: string, message: string, on: Problem['on'] = 'key'): Problem {
  return { severity: 'warning', pointer, on, message };
}
