import type { InstanceMeasurement, Measurement } from '../../src/metrics/measurement.ts';
import { Latency } from '../../src/metrics/latency.ts';
import type { TrafficSample } from '../../src/metrics/tally.ts';

export const AT = new Date('2030-01-01T00:00:05Z');

/** Requests that each took `ms`, in five seconds. */
export function traffic(requests: number, ms = 10): TrafficSample {
  const latency = new Latency();
  if (requests > 0) latency.record(ms, requests);
  return {
    requests,
    rps: requests / 5,
    errorRate: 0,
    latency,
    responseTime: requests > 0 ? ms : null,
    activeConnections: (requests * ms) / 5_000,
    activeOfEnded: (requests * ms) / 5_000,
    queueLength: 0,
  };
}

export function instance(name: string, some: Partial<InstanceMeasurement> = {}): InstanceMeasurement {
  const usage = { cpuPercent: 40, cores: 0.2, memoryPercent: 50, memoryBytes: 1_000 };
  return { name, ready: true, usage, diskBytes: 10, traffic: traffic(50), ...some };
}

/** One app, `web`, with these instances. */
export function measurement(
  instances: readonly InstanceMeasurement[],
  some: Partial<Measurement> = {},
): Measurement {
  return {
    at: AT,
    diskMeasured: true,
    apps: [{ app: 'web', traffic: traffic(100), instances }],
    system: {
      usage: { scope: 'host', cpuPercent: 30, memoryPercent: 20, memoryBytes: 9_000, diskBytes: 5_000 },
      traffic: traffic(120),
      inFlight: 3,
    },
    ...some,
  };
}
