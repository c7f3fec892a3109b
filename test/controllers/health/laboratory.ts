import type { ProbeTarget } from '../../../src/controllers/health/prober.ts';
import type { ProbeInstance, ProbeResult } from '../../../src/controllers/health/probe.ts';
import { VirtualClock } from '../../virtual-clock.ts';
import { checkOf, STARTED } from './check.ts';

export const PASSED: ProbeResult = { ok: true, code: 200, latencyMs: 3, message: '200' };
export const FAILED: ProbeResult = { ok: false, code: 503, latencyMs: 3, message: '503, expected 200' };

export function target(index: number, changes: Partial<ProbeTarget> = {}): ProbeTarget {
  return {
    containerId: `c${index}`,
    containerName: `web-${index}-r1-1`,
    app: 'web',
    appUid: 'uid-web',
    ip: `10.0.0.${index}`,
    startedAt: STARTED,
    check: checkOf({ periodSeconds: 10 }),
    leaving: false,
    ranUnchecked: false,
    record: null,
    ...changes,
  };
}

/** Virtual time, and instances that answer probes as they are told. */
export class Laboratory {
  readonly clock = new VirtualClock(STARTED);
  /** By address, what an instance answers; one that is not here passes, and one that is `hangs` never answers. */
  readonly answers = new Map<string, ProbeResult | 'hangs'>();
  /** Every probe that began: address, port and second. */
  readonly probes: { ip: string; port: number; at: number }[] = [];
  /** Probes that have not ended. */
  running = 0;

  readonly probe: ProbeInstance = async (ip, { port }, signal) => {
    this.probes.push({ ip, port, at: this.seconds });
    this.running += 1;
    const answer = this.answers.get(ip) ?? PASSED;
    if (answer === 'hangs' && !signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.running -= 1;
    return answer === 'hangs' ? FAILED : answer;
  };

  /** Seconds since the start. */
  get seconds(): number {
    return (this.clock.now().getTime() - STARTED.getTime()) / 1_000;
  }

  /** When probes of an address began, in seconds. */
  probed(ip: string): number[] {
    return this.probes.flatMap((each) => (each.ip === ip ? each.at : []));
  }

  /** Lets time pass, and everything that follows from each timer happen at its time. */
  async pass(seconds: number): Promise<void> {
    const end = this.clock.now().getTime() + seconds * 1_000;
    await settle();
    for (;;) {
      const next = this.clock.next?.getTime() ?? Infinity;
      if (next > end) break;
      this.clock.advance(Math.max(0, next - this.clock.now().getTime()));
      await settle();
    }
    this.clock.advance(end - this.clock.now().getTime());
  }
}

/** Promises that are about to be kept are kept before this one. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
