import type { HealthCheck } from '../../manifest/app.gen.ts';
import type { HealthRecord, HealthWord, Probe } from '../../store/instance-health.ts';

/** What is known of the health of an instance with a check. */
export interface HealthState {
  status: HealthWord;
  /** When it came to be so. */
  since: Date;
  consecutiveFailures: number;
  consecutiveSuccesses: number;
  /** All failures of its life, those of its initial delay too. */
  failureCount: number;
  lastCheckAt: Date | null;
  lastFailureAt: Date | null;
  /** The last five, the oldest first. */
  probes: Probe[];
}

const KEPT_PROBES = 5;
/** Within these bounds an instance that is still starting is looked at, so that its readiness waits for no period. */
const EAGER_PERIOD_MS = { least: 100, most: 1_000 };
/** The part of a period by which a probe may come early or late, so that those of many instances spread. */
const JITTER = 0.1;

/**
 * The health of an instance that has not been probed yet: `starting`, or what its row says, if that was found in this
 * very life of its container, so that a restart of AutoServe makes nothing unready.
 *
 * @param ranUnchecked it has served without a check until now: it is healthy until the check has failed often enough
 */
export function initialHealth(
  startedAt: Date,
  record: HealthRecord | null = null,
  ranUnchecked = false,
): HealthState {
  const { lastHealthCheck, healthStatus } = record ?? {};
  if (!record || !lastHealthCheck || lastHealthCheck < startedAt || healthStatus === 'unknown')
    return {
      status: ranUnchecked ? 'healthy' : 'starting',
      since: startedAt,
      consecutiveFailures: 0,
      consecutiveSuccesses: 0,
      failureCount: 0,
      lastCheckAt: null,
      lastFailureAt: null,
      probes: [],
    };
  return {
    status: record.healthStatus,
    since: record.healthSince ?? lastHealthCheck,
    consecutiveFailures: record.consecutiveFailures,
    consecutiveSuccesses: 0,
    failureCount: record.failureCount,
    lastCheckAt: lastHealthCheck,
    lastFailureAt: record.lastFailureAt,
    probes: record.lastProbes,
  };
}

/**
 * The health after one more probe. Only results in a row count: `failureThreshold` failures make unhealthy,
 * `successThreshold` successes healthy. Failures within the initial delay are recorded and count towards nothing.
 */
export function applyProbe(
  state: HealthState,
  probe: Probe,
  check: HealthCheck,
  startedAt: Date,
): HealthState {
  const at = new Date(probe.at);
  const counts = !probe.ok && !isDelayed(check, startedAt, at);
  const consecutiveFailures = counts ? state.consecutiveFailures + 1 : 0;
  const consecutiveSuccesses = probe.ok ? state.consecutiveSuccesses + 1 : 0;
  const status = verdict();
  return {
    status,
    since: status === state.status ? state.since : at,
    consecutiveFailures,
    consecutiveSuccesses,
    failureCount: state.failureCount + (probe.ok ? 0 : 1),
    lastCheckAt: at,
    lastFailureAt: probe.ok ? state.lastFailureAt : at,
    probes: [...state.probes, probe].slice(-KEPT_PROBES),
  };

  function verdict(): HealthWord {
    if (consecutiveSuccesses >= check.successThreshold) return 'healthy';
    if (consecutiveFailures >= check.failureThreshold) return 'unhealthy';
    return state.status;
  }
}

/** Results of another check count no longer: what the instance is stays until the present check says otherwise. */
export function forgetResults(state: HealthState): HealthState {
  return { ...state, consecutiveFailures: 0, consecutiveSuccesses: 0 };
}

/**
 * When to probe next: at once for the first time, then once a period, and more often while the instance is starting
 * within its initial delay, so that a long delay does not keep back an instance that is ready early.
 *
 * @param random a number in [0, 1)
 */
export function nextProbeAt(
  state: HealthState,
  check: HealthCheck,
  startedAt: Date,
  now: Date,
  random: number,
): Date {
  if (!state.lastCheckAt) return now;
  const period = check.periodSeconds * 1_000;
  const eager = state.status === 'starting' && isDelayed(check, startedAt, now);
  const interval = eager ? Math.min(period, eagerPeriod(state, startedAt, now)) : period;
  const jittered = interval * (1 - JITTER + 2 * JITTER * random);
  return new Date(Math.max(now.getTime(), state.lastCheckAt.getTime() + jittered));
}

/** Half as long as the instance has been starting: what starts fast is found ready fast. Successes in a row take longer. */
function eagerPeriod({ consecutiveSuccesses }: HealthState, startedAt: Date, now: Date): number {
  const { least, most } = EAGER_PERIOD_MS;
  if (consecutiveSuccesses > 0) return most;
  return Math.min(most, Math.max(least, (now.getTime() - startedAt.getTime()) / 2));
}

function isDelayed({ initialDelaySeconds }: HealthCheck, startedAt: Date, at: Date): boolean {
  return at.getTime() < startedAt.getTime() + initialDelaySeconds * 1_000;
}

/** The state as it is stored. */
export function healthRecord(state: HealthState, check: HealthCheck | null): HealthRecord {
  return {
    healthStatus: state.status,
    healthSince: state.since,
    failureCount: state.failureCount,
    consecutiveFailures: state.consecutiveFailures,
    lastHealthCheck: state.lastCheckAt,
    lastFailureAt: state.lastFailureAt,
    lastProbes: state.probes,
    healthCheck: check,
  };
}
