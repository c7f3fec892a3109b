import fc from 'fast-check';
import type { ScalingDecision, ScalingInput } from '../../../src/controllers/scaling/algorithm.ts';
import { NO_MEMORY } from '../../../src/controllers/scaling/algorithm.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import { windowOf, type AppSample } from '../../../src/controllers/scaling/window.ts';
import type { Scaling } from '../../../src/manifest/app.gen.ts';
import { NOW, policyOf } from './inputs.ts';

const weight = fc.oneof(
  fc.constantFrom(0, 1),
  fc.double({ min: 0, max: 3, noNaN: true }),
  fc.double({ min: 0, max: 1_000, noNaN: true }),
);
const percent = fc.double({ min: 0.01, max: 100, noNaN: true });
const threshold = fc.integer({ min: 1, max: 100 });

/** Any policy that the schema allows, contradictory thresholds too, with counts and times that a test can live through. */
export const policies: fc.Arbitrary<Scaling> = fc
  .record({
    minReplicas: fc.integer({ min: 0, max: 4 }),
    above: fc.integer({ min: 0, max: 8 }),
    targetRPSPerReplica: fc.integer({ min: 1, max: 200 }),
    maxP95LatencyMs: fc.integer({ min: 1, max: 1_000 }),
    maxCPUPercent: percent,
    maxMemoryPercent: percent,
    maxConnPerReplica: fc.integer({ min: 1, max: 200 }),
    scaleOutThresholdPct: fc.oneof(threshold, fc.constantFrom(79, 80, 100)),
    scaleInThresholdPct: fc.oneof(threshold, fc.constantFrom(78, 79, 80, 99, 100)),
    windowSeconds: fc.integer({ min: 1, max: 60 }),
    cooldownSeconds: fc.integer({ min: 0, max: 30 }),
    stabilizationWindowSeconds: fc.integer({ min: 0, max: 60 }),
    maxScaleOutStep: fc.integer({ min: 0, max: 4 }),
    maxScaleInStep: fc.integer({ min: 0, max: 4 }),
    weights: fc.record({ cpu: weight, memory: weight, rps: weight, latency: weight, connection: weight }),
  })
  .map(({ above, ...policy }) =>
    policyOf({ ...policy, maxReplicas: Math.max(1, policy.minReplicas + above) }),
  );

/** What an application is given to do; what each instance shows of it depends on their number alone. */
export interface Load {
  rps: number;
  cpu: number;
  connections: number;
  /** What an instance holds by itself, and what all of them share. */
  memory: { each: number; shared: number };
  /** Of one that has nothing to do, and what a share of the requests adds to it, to some power. */
  latency: { idle: number; perRequest: number; power: number };
}

const amount = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max }), fc.double({ min: 0, max, noNaN: true }));

export const loads: fc.Arbitrary<Load> = fc.record({
  rps: amount(1_500),
  cpu: amount(800),
  connections: amount(1_500),
  memory: fc.record({ each: amount(100), shared: amount(300) }),
  latency: fc.record({ idle: amount(500), perRequest: amount(20), power: fc.constantFrom(0, 1, 3) }),
});

const PASS_SECONDS = 5;

/** An application under a load: metrics every 5 s, an evaluation at every third of them. */
export class World {
  readonly decisions: { at: number; from: number; decision: ScalingDecision }[] = [];
  #seconds = 0;
  #samples: AppSample[] = [];
  #readyAt: number[];
  #desired: number;
  #memory = NO_MEMORY;
  #lastScaledAt: string | null = null;
  readonly #policy: Scaling;
  readonly #startSeconds: number;

  constructor(policy: Scaling, replicas: number, startSeconds = 0) {
    this.#policy = policy;
    this.#desired = replicas;
    this.#startSeconds = startSeconds;
    this.#readyAt = Array.from({ length: replicas }, () => 0);
  }

  get desired(): number {
    return this.#desired;
  }

  /** Lives through so many evaluations; `noise` multiplies what is measured at a moment. */
  run(load: Load, evaluations: number, noise: (pass: number) => number = () => 1): void {
    for (let pass = 1; pass <= evaluations * 3; pass += 1) {
      this.#seconds += PASS_SECONDS;
      this.#measure(load, noise(pass));
      if (pass % 3 === 0) this.#evaluate();
    }
  }

  get #now(): Date {
    return new Date(NOW.getTime() + this.#seconds * 1_000);
  }

  get #ready(): number {
    return this.#readyAt.filter((at) => at <= this.#seconds).length;
  }

  #measure(load: Load, noise: number): void {
    const ready = this.#ready;
    const labels = { ready: String(ready), measured: String(ready) };
    const { idle, perRequest, power } = load.latency;
    const values = {
      rps: load.rps * noise,
      active_connections: load.connections * noise,
      ...(ready > 0 && {
        cpu_percent: (load.cpu / ready) * noise,
        memory_percent: Math.min(100, load.memory.each + load.memory.shared / ready),
      }),
      ...(ready > 0 &&
        load.rps > 0 && {
          latency_p95: (idle + perRequest * (load.rps / ready / 10) ** power) * noise,
        }),
    };
    for (const [metricType, value] of Object.entries(values))
      this.#samples.push({ metricType, timestamp: this.#now, value, labels });
    this.#samples = this.#samples.slice(-65);
  }

  #evaluate(): void {
    const policy = this.#policy;
    const now = this.#now;
    const from = this.#desired;
    const ready = this.#ready;
    const scope = { now, windowSeconds: policy.windowSeconds, routed: true, ready };
    const input: ScalingInput = {
      policy,
      revision: 1,
      current: { desired: from, ready },
      rollingOut: false,
      lastScaledAt: this.#lastScaledAt,
      window: windowOf(this.#samples, scope),
      memory: this.#memory,
      now,
    };
    const decision = proportional(input);
    this.#memory = decision.memory;
    if (decision.direction === 'hold') return;
    this.decisions.push({ at: this.#seconds, from, decision });
    this.#lastScaledAt = now.toISOString();
    this.#desired = decision.desired;
    const added = Math.max(0, decision.desired - this.#readyAt.length);
    const starting = Array.from({ length: added }, () => this.#seconds + this.#startSeconds);
    this.#readyAt = [...this.#readyAt.slice(0, decision.desired), ...starting];
  }
}

/** Nobody asks, nothing is done. */
export const NOTHING: Load = {
  rps: 0,
  cpu: 0,
  connections: 0,
  memory: { each: 0, shared: 0 },
  latency: { idle: 0, perRequest: 0, power: 1 },
};
