import type { AccessEntry } from './access-log.ts';
import { Latency } from './latency.ts';
import { Occupancy } from './occupancy.ts';

/** What the requests of one interval show. Times are in milliseconds; null where there was no request to show it. */
export interface TrafficSample {
  requests: number;
  /** Requests that ended in the interval, a second. */
  rps: number;
  /** Percentage of responses of 500 and above; 0 without requests, for then none failed. */
  errorRate: number;
  /**
   * From the first byte of the request to the last of the response, of all requests; of one that became a WebSocket until
   * an instance was connected, for how long people stay says nothing of how fast they are served.
   */
  latency: Latency;
  /** Mean time that the answering instance took, from the beginning of the connection to its last byte. */
  responseTime: number | null;
  /**
   * Mean number of requests in flight, known from those that ended: see `Occupancy`; or those that are open at the end of
   * the interval, where these are more: see `OpenRequests`. Idle connections are not counted. Null while that is not known.
   */
  activeConnections: number | null;
  /** Of `activeConnections` the part of the requests that ended in this very interval. */
  activeOfEnded: number;
  /**
   * Mean number of requests that were waiting for an instance: see `waitOf`. What waits inside an instance, connected
   * already, cannot be told from what is worked on.
   */
  queueLength: number;
}

const SWITCHING_PROTOCOLS = 101;

/** Adds up requests. */
export class Tally {
  #requests = 0;
  #errors = 0;
  #answered = 0;
  #responseMs = 0;
  readonly #latency = new Latency();
  #inFlight = new Occupancy();
  #waiting = new Occupancy();

  /** All of them in one. */
  static sum(tallies: Iterable<Tally>): Tally {
    const sum = new Tally();
    for (const tally of tallies) sum.#merge(tally);
    return sum;
  }

  /** Requests of which each was as `entry` says. */
  add(entry: AccessEntry, times = 1): void {
    const { status, upstream, requestTime, connectTime } = entry;
    this.#requests += times;
    if (status >= 500) this.#errors += times;
    const isUpgrade = status === SWITCHING_PROTOCOLS;
    this.#latency.record(isUpgrade ? waitOf(entry) : requestTime, times);
    this.#inFlight.add(requestTime, times);
    this.#waiting.add(waitOf(entry), times);
    const last = upstream.at(-1);
    // Where nothing was connected, the status is one that nginx gave itself.
    if (!last || connectTime === null || last.status === null || last.responseTime === null || isUpgrade)
      return;
    this.#answered += times;
    this.#responseMs += last.responseTime * times;
  }

  /** What an interval of `ms` milliseconds shows. */
  sample(ms: number): TrafficSample {
    return {
      requests: this.#requests,
      rps: (this.#requests / ms) * 1_000,
      errorRate: this.#requests === 0 ? 0 : (this.#errors / this.#requests) * 100,
      latency: this.#latency,
      responseTime: this.#answered === 0 ? null : this.#responseMs / this.#answered,
      activeConnections: this.#inFlight.mean(ms),
      activeOfEnded: this.#inFlight.meanOfEnded(ms),
      queueLength: this.#waiting.mean(ms),
    };
  }

  /** What the interval after one of `ms` milliseconds begins with; undefined for nothing. */
  next(ms: number): Tally | undefined {
    const inFlight = this.#inFlight.next(ms);
    const waiting = this.#waiting.next(ms);
    if (!inFlight && !waiting) return undefined;
    const next = new Tally();
    if (inFlight) next.#inFlight = inFlight;
    if (waiting) next.#waiting = waiting;
    return next;
  }

  #merge(other: Tally): void {
    this.#requests += other.#requests;
    this.#errors += other.#errors;
    this.#answered += other.#answered;
    this.#responseMs += other.#responseMs;
    this.#latency.add(other.#latency);
    this.#inFlight.merge(other.#inFlight);
    this.#waiting.merge(other.#waiting);
  }
}

/**
 * How long a request waited for an instance, in milliseconds: through the attempts that came to nothing, and until the
 * last one was connected, or for all of it when it never was. The whole request time less the instance's own would count
 * slow clients as well, who send and receive at their own pace while nobody waits for an instance.
 */
export function waitOf({ upstream, connectTime }: AccessEntry): number {
  const last = upstream.length - 1;
  let ms = connectTime ?? upstream[last]?.responseTime ?? 0;
  for (let attempt = 0; attempt < last; attempt += 1) ms += upstream[attempt]?.responseTime ?? 0;
  return ms;
}
