import type { ContainerSpec, ImagePullPolicy, InstanceIdentity } from '../engine/engine.ts';

/** One engine call, as data. */
export type Action =
  | { kind: 'createNetwork' }
  | { kind: 'resolveImage'; image: string; policy: ImagePullPolicy }
  | { kind: 'createContainer'; container: ContainerSpec }
  /** Without `containerId`, the container that `createContainer` of the same name made in this plan. */
  | { kind: 'startContainer'; instance: InstanceIdentity; containerId?: string }
  | { kind: 'stopContainer'; instance: InstanceIdentity; containerId: string; graceSeconds: number }
  | { kind: 'removeContainer'; instance: InstanceIdentity; containerId: string };

export type ActionKind = Action['kind'];

/** The instance an action works on; none for the network and images. */
export function instanceOf(action: Action): InstanceIdentity | undefined {
  switch (action.kind) {
    case 'createNetwork':
    case 'resolveImage':
      return undefined;
    case 'createContainer':
      return action.container.identity;
    case 'startContainer':
    case 'stopContainer':
    case 'removeContainer':
      return action.instance;
  }
}
