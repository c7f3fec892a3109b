import { pino } from 'pino';
import type { Clock } from '../../src/clock.ts';
import { MemoryIngress } from '../../src/engine/memory/memory-ingress.ts';
import type { Certificate } from '../../src/ingress/certificate.ts';
import type { IngressEvent } from '../../src/ingress/event.ts';
import { Nginx } from '../../src/ingress/nginx.ts';
import type { IngressState } from '../../src/ingress/state.ts';
import { VirtualClock } from '../virtual-clock.ts';

const START = new Date('2026-01-01T00:00:00Z');

/** One installation's ingress in memory, on virtual time. */
export class World {
  readonly clock = new VirtualClock(START);
  readonly engine = Object.assign(new MemoryIngress(), {
    createNetwork: async () => undefined,
    resolveImage: async () => 'image',
  });
  readonly events: IngressEvent[] = [];
  onState: (state: IngressState) => void = () => undefined;

  certificates: Certificate[] = [];
  /** Whether the engine passes on what comes in at the port of a container. */
  passes: (id: string) => boolean = () => true;
  /** Whether the engine's host is this one. */
  local = true;

  nginx(clock: Clock = this.clock): Nginx {
    return new Nginx({
      engine: this.engine,
      place: { image: 'nginx', address: '127.0.0.1', port: 8080, tlsPort: null },
      settings: { maxBodyBytes: 1 },
      certificates: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return this.certificates;
      },
      clock,
      random: () => 0,
      log: pino({ level: 'silent' }),
      onEvent: (event) => this.events.push(event),
      onState: (state) => this.onState(state),
      ask: async (_ip, path) => {
        if (!this.local || this.engine.serving === undefined) return undefined;
        if (path === '/status') return 'Active connections: 1 \nReading: 0 Writing: 1 Waiting: 0 \n';
        // What it serves tells its own generation.
        return /return 200 "([0-9a-f]+)/.exec(this.engine.serving)?.[1];
      },
      knock: async () => {
        const found = await this.engine.findIngress();
        return this.local && found?.running && this.passes(found.id) ? 'open' : 'refused';
      },
    });
  }

  /** Lets time pass, and all that can happen in it. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 10) {
      for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(10);
    }
  }

  serves(app: string): boolean {
    return this.engine.serving?.includes(`set $autoserve_app ${app};`) ?? false;
  }
}
