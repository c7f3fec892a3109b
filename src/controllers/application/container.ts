import type { ContainerEnv, ContainerPort, ContainerVolume, Resources } from '../../engine/engine.ts';
import type { App, EnvVar, Port, Volume } from '../../manifest/app.gen.ts';
import { cpuToNano, memoryToBytes } from '../../manifest/quantity.ts';
import type { PlannedContainer, PlannedIdentity } from '../../plan/action.ts';
import type { Desired } from './desired.ts';

/** The container that makes an instance of the desired spec. */
export function containerOf({ manifest, replicas }: Desired, identity: PlannedIdentity): PlannedContainer {
  const { image, command, args, workingDir, user, ports, env, resources, volumes, termination } =
    manifest.spec;
  return {
    identity,
    image,
    ...(command && { command }),
    ...(args && { args }),
    ...(workingDir !== undefined && { workingDir }),
    ...(user !== undefined && { user }),
    ...(resources.cpu !== undefined && { nanoCpus: cpuToNano(resources.cpu) }),
    ...(resources.memory !== undefined && { memoryBytes: memoryToBytes(resources.memory) }),
    env: env.map((variable) => envOf(variable, identity, ports[0]?.containerPort, replicas)),
    ports: ports.map(portOf),
    volumes: volumes.map(volumeOf),
    aliases: [identity.app],
    stopGraceSeconds: termination.gracePeriodSeconds,
  };
}

/** The limits that instances of a spec are to have. */
export function limitsOf({ spec: { resources } }: App): Resources {
  return {
    nanoCpus: resources.cpu === undefined ? 0 : cpuToNano(resources.cpu),
    memoryBytes: resources.memory === undefined ? 0 : memoryToBytes(resources.memory),
  };
}

function envOf(
  variable: EnvVar,
  { app, index }: PlannedIdentity,
  port: number | undefined,
  replicas: number,
): ContainerEnv {
  const { name } = variable;
  if ('value' in variable) return { name, value: variable.value };
  if (variable.source === 'secret')
    return {
      name,
      secret: { key: variable.key, ...(variable.field !== undefined && { field: variable.field }) },
    };
  switch (variable.key) {
    case 'instance.ip':
      return { name, instance: 'ip' };
    case 'instance.port':
      return { name, value: port === undefined ? '' : String(port) };
    case 'instance.index':
      return { name, value: String(index) };
    case 'app.name':
      return { name, value: app };
    case 'app.replicas':
      return { name, value: String(replicas) };
  }
}

function portOf({ containerPort, protocol }: Port): ContainerPort {
  return { containerPort, protocol: protocol === 'UDP' ? 'udp' : 'tcp' };
}

function volumeOf(volume: Volume): ContainerVolume {
  const source = 'hostPath' in volume ? { hostPath: volume.hostPath } : { volume: volume.name };
  return { source, mountPath: volume.mountPath, readOnly: volume.readOnly };
}
