import type { Probe } from './instance-health.ts';

export type FailureReason =
  /** It ended with another exit code than 0. */
  | 'Crashed'
  | 'OutOfMemory'
  /** It ended with exit code 0 though it is to run for ever. */
  | 'Completed'
  | 'NotStarted'
  | 'Unhealthy'
  /** Its revision was rolled back before it became healthy. */
  | 'NotReady';

/** How an instance failed, as far as an observation shows it. */
export interface Failure {
  reason: FailureReason;
  /** For people: `exited 1`. */
  message: string;
  failedAt: Date;
  startedAt: Date | null;
  /** Null for one that has not ended. */
  exitCode: number | null;
  oomKilled: boolean;
  /** The last ones, the oldest first. */
  probes: readonly Probe[];
}

/** What is kept of a failed instance, for it can be known only as long as its container is there. */
export interface Capsule extends Failure {
  appName: string;
  appUid: string;
  containerName: string;
  containerId: string;
  replicaIndex: number;
  revision: number;
  /** The end of its output, without secrets. */
  logs: string;
  /** Why there is no output; null where there is. */
  logError: string | null;
}

/** A capsule as it is stored: with what its revision had changed. */
export interface CapsuleRecord extends Capsule {
  /** The last revision before it that once was rolled out completely; null when there is none. */
  stableRevision: number | null;
  /** How its revision differs from that one: `image "shop:7" => "shop:8"`. */
  changes: string[];
}

/** Capsules that are kept of an app, however often it fails; the latest. */
export const MOST_CAPSULES = 100;
