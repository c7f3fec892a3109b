import type { ContainerSpec, ImagePullPolicy, InstanceIdentity, Resources } from '../engine/engine.ts';
import type { Failure } from '../store/failure.ts';

/** An instance as a plan knows it; the operation that creates it gets its id when it is written to the journal. */
export type PlannedIdentity = Omit<InstanceIdentity, 'operationId'>;

export type PlannedContainer = Omit<ContainerSpec, 'identity'> & { identity: PlannedIdentity };

/** One engine call, as data. */
export type Action =
  | { kind: 'createNetwork' }
  | { kind: 'resolveImage'; image: string; policy: ImagePullPolicy; revision: number }
  | { kind: 'createContainer'; container: PlannedContainer }
  /** Without `containerId`, the container that `createContainer` of the same name makes in this plan. */
  | { kind: 'startContainer'; instance: PlannedIdentity; containerId?: string }
  /** Takes the instance out of service, so that nothing new reaches it while it goes on running. */
  | { kind: 'drainInstance'; instance: PlannedIdentity; containerId: string }
  /** Takes it back into service. */
  | { kind: 'undrainInstance'; instance: PlannedIdentity; containerId: string }
  | { kind: 'updateContainer'; instance: PlannedIdentity; containerId: string; resources: Resources }
  | { kind: 'stopContainer'; instance: PlannedIdentity; containerId: string; graceSeconds: number }
  /** Keeps what can be known of a failed instance only as long as its container is there. */
  | { kind: 'recordFailure'; instance: PlannedIdentity; containerId: string; failure: Failure }
  | { kind: 'removeContainer'; instance: PlannedIdentity; containerId: string };

export type ActionKind = Action['kind'];

/** What an action works on, for the journal and for messages: a container name, an image or the network. */
export function targetOf(action: Action): string {
  switch (action.kind) {
    case 'createNetwork':
      return 'network';
    case 'resolveImage':
      return action.image;
    case 'createContainer':
      return action.container.identity.name;
    case 'startContainer':
    case 'drainInstance':
    case 'undrainInstance':
    case 'updateContainer':
    case 'stopContainer':
    case 'recordFailure':
    case 'removeContainer':
      return action.instance.name;
  }
}
