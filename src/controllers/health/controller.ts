import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Snapshot } from '../../control/observer.ts';
import type { Outbox } from '../../control/outbox.ts';
import type { InstanceRecord } from '../../store/store.ts';
import { healthChanged } from './events.ts';
import { healthRecord, type HealthState } from './health.ts';
import type { ProbeInstance } from './probe.ts';
import { Prober, type ProbeTarget } from './prober.ts';
import { HealthRecorder } from './recorder.ts';
import { targetsOf, uncheckedRows } from './targets.ts';

export interface HealthControllerOptions {
  outbox: Outbox;
  clock: Clock;
  random: () => number;
  logger: Logger;
  probe: ProbeInstance;
  /** Called when an instance of the application became healthy or unhealthy. */
  onChange: (app: string) => void;
}

/** Probes every instance that has a health check, records what it shows, and says how each instance is. */
export class HealthController {
  readonly #prober: Prober;
  readonly #recorder: HealthRecorder;
  readonly #onChange: (app: string) => void;

  constructor({ outbox, clock, random, logger, probe, onChange }: HealthControllerOptions) {
    this.#prober = new Prober({ clock, random, probe, onProbed: this.#probed.bind(this) });
    this.#recorder = new HealthRecorder(outbox, clock, logger);
    this.#onChange = onChange;
  }

  /** Probes from now on what runs in this snapshot, and nothing else. */
  follow(snapshot: Snapshot): void {
    const views = snapshot.names.map((name) => snapshot.view(name));
    const targets = views.flatMap((view) => targetsOf(view, (id) => this.#prober.checkOf(id)));
    const records = views.flatMap((view) => view.records.map((record) => this.#latest(record)));
    this.#prober.follow(targets);
    this.#recorder.retain(new Set([...targets, ...records].flatMap(({ containerId }) => containerId ?? [])));
    for (const row of uncheckedRows(records, (id) => this.healthOf(id) !== null)) this.#recorder.record(row);
  }

  /** Null for a container that has no health check or cannot be probed. */
  healthOf(containerId: string): HealthState | null {
    return this.#prober.stateOf(containerId);
  }

  /** Stops probing, and writes what is not written yet. */
  async close(): Promise<void> {
    this.#prober.close();
    await this.#recorder.close();
  }

  /** The row with what is not written of it yet. */
  #latest(record: InstanceRecord): InstanceRecord {
    const id = record.containerId;
    const state = id === null ? null : this.#prober.stateOf(id);
    return state ? { ...record, ...healthRecord(state, record.healthCheck) } : record;
  }

  #probed(target: ProbeTarget, before: HealthState, after: HealthState): void {
    const event = healthChanged(target, before, after);
    this.#recorder.record({ containerId: target.containerId, ...healthRecord(after, target.check) }, event);
    if (event) this.#onChange(target.app);
  }
}
