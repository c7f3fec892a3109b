import type { App, Ingress } from './app.gen.ts';
import { isMapping } from './canonical.ts';
import { parseImage } from './image.ts';
import { appSchema, propertiesOf, resolve, type Schema } from './schema.ts';

/**
 * The manifest as it is stored: every default filled in, so that nobody after this has to know one.
 * `document` is a valid document in its canonical spelling.
 */
export function normalise(document: unknown): App {
  const app = withDefaults(appSchema, document) as App;
  const { spec, scaling, healthCheck } = app;

  spec.type ??= typeByPorts(spec.ports);
  spec.imagePullPolicy ??= isMutableTag(spec.image) ? 'Always' : 'IfNotPresent';
  for (const port of spec.ports) port.protocol ??= spec.type === 'http' ? 'HTTP' : 'TCP';
  if (spec.command?.length === 0) delete spec.command;
  if (spec.args?.length === 0) delete spec.args;

  if (spec.type === 'http') {
    spec.ingress ??= withDefaults({ $ref: '#/$defs/ingress' }, {}) as Ingress;
    spec.ingress.host ??= `${app.metadata.name}.localhost`;
  }
  if (scaling.mode === 'manual') scaling.replicas ??= scaling.minReplicas;
  const firstPort = spec.ports[0]?.containerPort;
  if (healthCheck && firstPort !== undefined) healthCheck.port ??= firstPort;
  return app;
}

/** What an app is that does not say it: requests are routed to a port of protocol HTTP, which is what a port is by default. */
export function typeByPorts(ports: readonly unknown[]): App['spec']['type'] {
  if (ports.length === 0) return 'worker';
  return ports.some((port) => isMapping(port) && (port['protocol'] ?? 'HTTP') === 'HTTP') ? 'http' : 'tcp';
}

/** A copy of `value` with the schema's defaults filled in, in the schema's order. Tolerates invalid values. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  const { items, properties } = resolve(schema);
  if (Array.isArray(value)) return items ? value.map((item) => withDefaults(items, item)) : value;
  if (!isMapping(value)) return value;
  if (!properties) return { ...value };

  const filled: Record<string, unknown> = {};
  for (const [name, property] of propertiesOf(schema)) {
    if (Object.hasOwn(value, name)) filled[name] = withDefaults(property, value[name]);
    else if ('default' in property) filled[name] = withDefaults(property, property.default);
  }
  return filled;
}

/** Whether the image behind this reference changes as a matter of course. */
function isMutableTag(image: string): boolean {
  const { tag, digest } = parseImage(image);
  return digest === undefined && (tag === undefined || tag === 'latest');
}
