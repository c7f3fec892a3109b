import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Snapshot } from '../../control/observer.ts';
import type { Outbox } from '../../control/outbox.ts';
import type { ObservedContainer } from '../../engine/engine.ts';
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
  /** Called when an instance of the application became healthy or unhealthy, and the database says so. */
  onChange: (app: string) => void;
}

/** Probes every instance that has a health check, records what it shows, and says how each instance is. */
export class HealthController {
  readonly #prober: Prober;
  readonly #recorder: HealthRecorder;
  readonly #onChange: (app: string) => void;
  readonly #outbox: Outbox;
  /** Lives of containers that ran without a check at the last look. */
  #unchecked: ReadonlySet<string> = new Set();
  /** Instances that changed, as long as the database says what they were before. */
  readonly #unseen = new Map<string, { app: string; before: HealthState }>();

  constructor({ outbox, clock, random, logger, probe, onChange }: HealthControllerOptions) {
    this.#prober = new Prober({ clock, random, probe, onProbed: this.#probed.bind(this) });
    this.#recorder = new HealthRecorder(outbox, clock, logger, this.#written.bind(this));
    this.#onChange = onChange;
    this.#outbox = outbox;
  }

  /** Probes from now on what runs in this snapshot, and nothing else. */
  follow(snapshot: Snapshot): void {
    const views = snapshot.names.map((name) => snapshot.view(name));
    const ranUnchecked = (container: ObservedContainer): boolean => this.#unchecked.has(lifeOf(container));
    const targets = views.flatMap((view) => targetsOf(view, (id) => this.#prober.checkOf(id), ranUnchecked));
    const checked = new Set(targets.map(({ containerId }) => containerId));
    const running = views.flatMap(({ containers }) => containers.filter(({ state }) => state === 'running'));
    this.#unchecked = new Set(running.filter(({ id }) => !checked.has(id)).map(lifeOf));
    const records = views.flatMap((view) => view.records.map((record) => this.#latest(record)));
    this.#prober.follow(targets);
    const known = new Set([...targets, ...records].flatMap(({ containerId }) => containerId ?? []));
    this.#recorder.retain(known);
    for (const id of this.#unseen.keys()) if (!known.has(id)) this.#unseen.delete(id);
    for (const row of uncheckedRows(records, (id) => this.healthOf(id) !== null)) this.#recorder.record(row);
  }

  /**
   * Null for a container that has no health check or cannot be probed. A change counts once readers of the database see it,
   * so that they never miss the new instance of which the old one was taken away; while it is away, at once.
   */
  healthOf(containerId: string): HealthState | null {
    const state = this.#prober.stateOf(containerId);
    const unseen = this.#outbox.away ? undefined : this.#unseen.get(containerId);
    return state && unseen ? unseen.before : state;
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
    const { app, containerId, check } = target;
    const event = healthChanged(target, before, after);
    if (event && !this.#unseen.has(containerId)) this.#unseen.set(containerId, { app, before });
    this.#recorder.record({ containerId, ...healthRecord(after, check) }, event);
  }

  #written(containerIds: readonly string[]): void {
    for (const id of containerIds) {
      const unseen = this.#unseen.get(id);
      if (!unseen) continue;
      this.#unseen.delete(id);
      this.#onChange(unseen.app);
    }
  }
}

/** Tells one start of a container from another. */
function lifeOf({ id, startedAt }: ObservedContainer): string {
  return `${id} ${startedAt?.getTime()}`;
}
