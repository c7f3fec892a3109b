import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import { volumeName, type ContainerSpec, type ContainerVolume } from '../engine.ts';
import { appLabels, instanceLabels, secretLabels } from '../labels.ts';

/** What the body needs beside the spec. */
export interface BodyContext {
  installation: string;
  network: string;
  /** `NAME=value` lines, secrets and address filled in. */
  env: string[];
  /** Reserved address on the network; without it Docker chooses one at start. */
  address: string | undefined;
}

/** The body of `POST /containers/create` for one instance. */
export function containerBody(spec: ContainerSpec, context: BodyContext): ContainerCreateOptions {
  return {
    Image: spec.image,
    ...(spec.command && { Entrypoint: [...spec.command] }),
    ...(spec.args && { Cmd: [...spec.args] }),
    ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
    ...(spec.user !== undefined && { User: spec.user }),
    Env: context.env,
    ExposedPorts: Object.fromEntries(
      spec.ports.map((port) => [`${port.containerPort}/${port.protocol}`, {}]),
    ),
    Labels: { ...instanceLabels(context.installation, spec.identity), ...secretLabels(spec.env) },
    StopTimeout: spec.stopGraceSeconds,
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: 'no' },
      ...(spec.nanoCpus !== undefined && { NanoCpus: spec.nanoCpus }),
      // Equal to Memory means no swap; unset would grant as much swap again.
      ...(spec.memoryBytes !== undefined && { Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes }),
      Mounts: spec.volumes.map((volume) => mount(volume, context.installation, spec.identity.app)),
      NetworkMode: context.network,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [context.network]: {
          Aliases: [...spec.aliases],
          ...(context.address !== undefined && { IPAMConfig: { IPv4Address: context.address } }),
        },
      },
    },
  };
}

function mount(volume: ContainerVolume, installation: string, app: string): MountSettings {
  const common = { Target: volume.mountPath, ReadOnly: volume.readOnly };
  if ('hostPath' in volume.source) return { Type: 'bind', Source: volume.source.hostPath, ...common };
  return {
    Type: 'volume',
    Source: volumeName(installation, app, volume.source.volume),
    VolumeOptions: {
      NoCopy: false,
      Labels: appLabels(installation, app),
      DriverConfig: { Name: 'local', Options: {} },
    },
    ...common,
  };
}
