import type { ContainerStats, HostStats } from '../engine/usage.ts';

const NANOS_PER_MS = 1_000_000;
const NANO_CPUS = 1_000_000_000;

/** What one container used in an interval; null for what is not known. */
export interface InstanceUsage {
  /** Of its limit, or of the host's cores without one: 100 is all that it can get. */
  cpuPercent: number | null;
  /** Mean number of cores. */
  cores: number | null;
  /** Of its limit, or of the host's memory without one. */
  memoryPercent: number | null;
  /** Working set. */
  memoryBytes: number;
}

/** What the host used, or as much of it as can be known. */
export interface SystemUsage {
  /** `host` for everything that runs on it, `containers` for this installation's alone, where no more can be seen. */
  scope: 'host' | 'containers';
  cpuPercent: number | null;
  memoryPercent: number | null;
  memoryBytes: number | null;
  diskBytes: number | null;
}

/**
 * What a container used between two readings. Without an earlier one, or when its counter began anew, its CPU is not
 * known.
 *
 * @param host null while nobody knows how large it is
 */
export function instanceUsage(
  before: ContainerStats | undefined,
  after: ContainerStats,
  host: HostStats | null,
): InstanceUsage {
  const cores = before ? coresBetween(before, after) : null;
  const coresAtMost = after.nanoCpus === null ? (host?.cpus ?? null) : after.nanoCpus / NANO_CPUS;
  return {
    cores,
    cpuPercent: percent(cores, coresAtMost),
    memoryBytes: after.memoryBytes,
    memoryPercent: percent(after.memoryBytes, after.memoryLimitBytes ?? host?.memoryBytes ?? null),
  };
}

/**
 * What the host used between two readings of it; where it cannot be looked into, what the containers used.
 *
 * @param containers null when it is not known what they used
 */
export function systemUsage(
  before: HostStats | null,
  after: HostStats | null,
  containers: readonly InstanceUsage[] | null,
  containerDiskBytes: number | null,
): SystemUsage {
  const cpus = after?.cpus ?? null;
  const memory = after?.memoryBytes ?? null;
  if (after?.usage) {
    const cores = before?.usage ? coresBetween(before.usage, after.usage) : null;
    const { memoryBytes, diskBytes } = after.usage;
    return {
      scope: 'host',
      cpuPercent: percent(cores, cpus),
      memoryPercent: percent(memoryBytes, memory),
      memoryBytes,
      diskBytes,
    };
  }
  const cores = containers?.flatMap((each) => each.cores ?? []) ?? [];
  const memoryBytes = containers && sum(containers.map((each) => each.memoryBytes));
  return {
    scope: 'containers',
    // Those that are new have no CPU yet; when all are, nothing is known.
    cpuPercent: containers?.length === 0 || cores.length > 0 ? percent(sum(cores), cpus) : null,
    memoryPercent: percent(memoryBytes, memory),
    memoryBytes,
    diskBytes: containerDiskBytes,
  };
}

interface CpuReading {
  cpuNanos: number;
  at: number;
}

function coresBetween(before: CpuReading, after: CpuReading): number | null {
  const ms = after.at - before.at;
  const nanos = after.cpuNanos - before.cpuNanos;
  return ms > 0 && nanos >= 0 ? nanos / (ms * NANOS_PER_MS) : null;
}

function percent(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : (part / whole) * 100;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
