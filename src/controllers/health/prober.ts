import { isDeepStrictEqual } from 'node:util';
import PQueue from 'p-queue';
import type { Clock } from '../../clock.ts';
import type { HealthCheck } from '../../manifest/app.gen.ts';
import type { HealthRecord } from '../../store/instance-health.ts';
import { applyProbe, forgetResults, initialHealth, nextProbeAt, type HealthState } from './health.ts';
import type { ProbeInstance } from './probe.ts';

/** A running instance that has a health check. */
export interface ProbeTarget {
  containerId: string;
  containerName: string;
  app: string;
  appUid: string;
  ip: string;
  startedAt: Date;
  check: HealthCheck;
  /** It is being taken away: its health stays what it was and is no longer asked for. */
  leaving: boolean;
  /** It has been running without a check until now. */
  ranUnchecked: boolean;
  /** What its row says; null when there is none. */
  record: HealthRecord | null;
}

export interface ProberOptions {
  clock: Clock;
  random: () => number;
  probe: ProbeInstance;
  /** Called after every probe that counted. */
  onProbed: (target: ProbeTarget, before: HealthState, after: HealthState) => void;
}

interface Followed {
  target: ProbeTarget;
  state: HealthState;
  probing: boolean;
  cancelTimer: () => void;
  aborter: AbortController;
}

const CONCURRENT_PROBES = 32;

/** Probes instances in their periods, so many at a time, and knows how each of them is. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #queue = new PQueue({ concurrency: CONCURRENT_PROBES });

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Replaces the set of instances that are probed. What is no longer in it is forgotten, what stays keeps its turn. */
  follow(targets: readonly ProbeTarget[]): void {
    const ids = new Set(targets.map(({ containerId }) => containerId));
    for (const id of this.#followed.keys()) if (!ids.has(id)) this.#forget(id);
    for (const target of targets) {
      const known = this.#followed.get(target.containerId);
      if (known?.target.startedAt.getTime() === target.startedAt.getTime()) this.#revise(known, target);
      else this.#begin(target);
    }
  }

  /** Null for a container that is not followed. */
  stateOf(containerId: string): HealthState | null {
    return this.#followed.get(containerId)?.state ?? null;
  }

  /** By what a container is probed; null for one that is not followed. */
  checkOf(containerId: string): HealthCheck | null {
    return this.#followed.get(containerId)?.target.check ?? null;
  }

  /** Calls off what is being probed and forgets every instance. */
  close(): void {
    for (const id of this.#followed.keys()) this.#forget(id);
  }

  #begin(target: ProbeTarget): void {
    this.#forget(target.containerId);
    const followed: Followed = {
      target,
      state: initialHealth(target.startedAt, target.record, target.ranUnchecked),
      probing: false,
      cancelTimer: () => {},
      aborter: new AbortController(),
    };
    this.#followed.set(target.containerId, followed);
    this.#schedule(followed, this.#options.clock.now());
  }

  #revise(followed: Followed, target: ProbeTarget): void {
    const { ip, check, leaving } = followed.target;
    const sameCheck = isDeepStrictEqual(check, target.check);
    if (sameCheck && ip === target.ip && leaving === target.leaving) return;
    followed.target = target;
    if (!sameCheck) followed.state = forgetResults(followed.state);
    this.#schedule(followed, this.#options.clock.now());
  }

  #forget(containerId: string): void {
    const followed = this.#followed.get(containerId);
    if (!followed) return;
    this.#followed.delete(containerId);
    followed.cancelTimer();
    followed.aborter.abort();
  }

  #schedule(followed: Followed, at: Date): void {
    followed.cancelTimer();
    if (followed.target.leaving || followed.probing) return;
    const delay = Math.max(0, at.getTime() - this.#options.clock.now().getTime());
    followed.cancelTimer = this.#options.clock.schedule(delay, () => {
      followed.probing = true;
      void this.#queue.add(() => this.#probe(followed));
    });
  }

  async #probe(followed: Followed): Promise<void> {
    const { clock, random, probe, onProbed } = this.#options;
    const { target, aborter } = followed;
    const startedProbing = clock.now();
    const result = await probe(target.ip, target.check, aborter.signal);
    if (aborter.signal.aborted) return;
    followed.probing = false;
    if (followed.target !== target) {
      // What was looked at is no longer what is to be looked at.
      this.#schedule(followed, clock.now());
      return;
    }
    const before = followed.state;
    const after = applyProbe(
      before,
      { at: startedProbing.toISOString(), ...result },
      target.check,
      target.startedAt,
    );
    followed.state = after;
    this.#schedule(followed, nextProbeAt(after, target.check, target.startedAt, clock.now(), random()));
    onProbed(target, before, after);
  }
}
