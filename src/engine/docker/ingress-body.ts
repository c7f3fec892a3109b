import type { ContainerCreateOptions } from 'dockerode';
import type { IngressSpec } from '../ingress-engine.ts';
import { ingressLabels, SETTINGS_LABEL } from '../labels.ts';

/** The body of `POST /containers/create` for the ingress. No value of it comes from a manifest. */
export function ingressBody(
  spec: IngressSpec,
  { installation, network }: { installation: string; network: string },
): ContainerCreateOptions {
  const [program = '', ...args] = spec.command;
  return {
    Image: spec.image,
    // Whatever the image says: nginx's first process is root, and its workers are whom the configuration names.
    User: '0',
    Entrypoint: [program],
    Cmd: args,
    Labels: { ...ingressLabels(installation), [SETTINGS_LABEL]: spec.settings },
    StopSignal: spec.stopSignal,
    ExposedPorts: Object.fromEntries(spec.published.map(({ containerPort }) => [`${containerPort}/tcp`, {}])),
    HostConfig: {
      // nginx is its own first process, which signals reach and which reaps its children, whatever the daemon's default.
      Init: false,
      RestartPolicy: { Name: 'no' },
      NetworkMode: network,
      // What nginx's first process does as root: hand its directories and its workers over to another user.
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'KILL', 'SETGID', 'SETUID'],
      PortBindings: Object.fromEntries(
        spec.published.map(({ containerPort, address, port }) => [
          `${containerPort}/tcp`,
          [{ HostIp: address, HostPort: String(port) }],
        ]),
      ),
      Tmpfs: Object.fromEntries(spec.memory.map(({ path, bytes }) => [path, `size=${bytes},mode=0755`])),
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  };
}
