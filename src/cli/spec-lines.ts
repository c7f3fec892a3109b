import type { App, EnvVar, Volume } from '../manifest/app.gen.ts';

/** The parts of a manifest that matter when reading what runs, as label and value; a secret's value is not in it. */
export function specLines({ spec, scaling, healthCheck }: App): [label: string, value: string][] {
  const { resources } = spec;
  const limits = [
    resources.cpu === undefined ? '' : `cpu ${resources.cpu}`,
    resources.memory === undefined ? '' : `memory ${resources.memory}`,
  ].filter((limit) => limit !== '');
  const lines: [string, string][] = [
    ['image', `${spec.image} (pulled ${spec.imagePullPolicy})`],
    ['type', spec.suspend ? `${spec.type}, suspended` : spec.type],
    ['scaling', scalingText(scaling)],
    ['command', words(spec.command)],
    ['args', words(spec.args)],
    ['ports', spec.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`).join(', ')],
    ['limits', limits.join(', ')],
    ...spec.env.map((variable): [string, string] => ['env', envText(variable)]),
    ...spec.volumes.map((volume): [string, string] => ['volume', volumeText(volume)]),
    ['health', healthCheck ? healthText(healthCheck) : ''],
    ['depends on', spec.dependsOn.join(', ')],
  ];
  return lines.filter(([, value]) => value !== '');
}

function scalingText({ mode, replicas, minReplicas, maxReplicas }: App['scaling']): string {
  return mode === 'manual' ? `manual, ${replicas ?? minReplicas}` : `auto, ${minReplicas} to ${maxReplicas}`;
}

function envText(variable: EnvVar): string {
  if ('value' in variable) return `${variable.name}=${variable.value}`;
  if (variable.source === 'sdk') return `${variable.name} from ${variable.key}`;
  const { name, key, field } = variable;
  return `${name} from secret ${field === undefined ? key : `${key}/${field}`}`;
}

function volumeText(volume: Volume): string {
  const source = 'hostPath' in volume ? volume.hostPath : volume.name;
  return `${source} at ${volume.mountPath}${volume.readOnly ? ', read-only' : ''}`;
}

function healthText({
  protocol,
  method,
  path,
  port,
  periodSeconds,
}: NonNullable<App['healthCheck']>): string {
  const request = protocol === 'HTTP' ? `${method} ${path} on port ${port}` : `TCP port ${port}`;
  return `${request} every ${periodSeconds}s`;
}

function words(list: readonly string[] | undefined): string {
  const shown = (list ?? [])
    .map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
  return shown.length > 100 ? `${shown.slice(0, 99)}…` : shown;
}
