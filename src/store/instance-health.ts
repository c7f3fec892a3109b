import type { HealthCheck } from '../manifest/app.gen.ts';

export type HealthWord = 'unknown' | 'starting' | 'healthy' | 'unhealthy';

/** One check of an instance and what came of it. */
export interface Probe {
  /** ISO 8601; when it began. */
  at: string;
  ok: boolean;
  /** The HTTP status; null when there was none. */
  code: number | null;
  latencyMs: number;
  /** What came, for people: `200`, `503, expected 200`, `connection refused`. */
  message: string;
}

/** What probes showed of an instance: the columns of `instances` that the health controller writes. */
export interface HealthRecord {
  healthStatus: HealthWord;
  /** When it came to be so. */
  healthSince: Date | null;
  /** All failures of its life. */
  failureCount: number;
  /** Failures in a row that count towards being unhealthy. */
  consecutiveFailures: number;
  lastHealthCheck: Date | null;
  lastFailureAt: Date | null;
  /** The last five, the oldest first. */
  lastProbes: Probe[];
  /** The check that it was probed by; it outlives the manifest that said so, as the instance may. */
  healthCheck: HealthCheck | null;
}

export interface InstanceHealth extends HealthRecord {
  containerId: string;
}

/** What the row of an instance says that was never probed. */
export const UNCHECKED: Readonly<HealthRecord> = {
  healthStatus: 'unknown',
  healthSince: null,
  failureCount: 0,
  consecutiveFailures: 0,
  lastHealthCheck: null,
  lastFailureAt: null,
  lastProbes: [],
  healthCheck: null,
};
