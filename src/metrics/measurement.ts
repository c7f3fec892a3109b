import type { InstanceUsage, SystemUsage } from './engine-stats.ts';
import type { TrafficSample } from './tally.ts';

/** An app to be measured, as the loop knows it. */
export interface MetricTarget {
  app: string;
  /** Whether it is served by the ingress, so that no requests means none. */
  ingress: boolean;
  /** How far back its metrics are looked at, in seconds: the longest window of its scaling policy. */
  windowSeconds: number;
  /** Its running instances, those on their way out too. */
  instances: readonly InstanceTarget[];
}

export interface InstanceTarget {
  containerId: string;
  /** The container's name, by which its metrics are told apart. */
  name: string;
  /** Whether it counts for the app's means: it serves, and is of the present revision unless none of that serves yet. */
  ready: boolean;
  /** `ip:port` as the ingress reaches it; null when it does not. */
  address: string | null;
}

/** What was measured of everything in one interval; null for what could not be. */
export interface Measurement {
  at: Date;
  apps: readonly AppMeasurement[];
  /** Whether what was written to disk is news; otherwise it is as last known. */
  diskMeasured: boolean;
  system: { usage: SystemUsage; traffic: TrafficSample | null; inFlight: number | null };
}

export interface AppMeasurement {
  app: string;
  traffic: TrafficSample | null;
  instances: readonly InstanceMeasurement[];
}

export interface InstanceMeasurement {
  name: string;
  ready: boolean;
  usage: InstanceUsage | null;
  diskBytes: number | null;
  traffic: TrafficSample | null;
}
