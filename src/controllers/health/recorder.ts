import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Outbox } from '../../control/outbox.ts';
import type { InstanceHealth } from '../../store/instance-health.ts';
import type { NewEvent } from '../../store/store.ts';

/** Probes that changed nothing wait this long for others, to be written with them. */
const GATHER_MS = 1_000;
/** A change whose row was not there, or in use, is tried again this soon. */
const RETRY_MS = 50;

/** Writes what probes showed: the latest of each instance, those of many in one statement, one statement at a time. */
export class HealthRecorder {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onWritten: (containerIds: readonly string[]) => void;
  /** What is not in the database yet, by container. */
  readonly #rows = new Map<string, InstanceHealth>();
  /** Of these, the containers that are other than the database says. */
  readonly #changed = new Set<string>();
  #events: NewEvent[] = [];
  #writing: Promise<void> | undefined;
  #due: { at: number; cancel: () => void } | undefined;

  /** @param onWritten called with the containers of which everything is written, or cannot be for the time being */
  constructor(
    outbox: Outbox,
    clock: Clock,
    logger: Logger,
    onWritten: (containerIds: readonly string[]) => void,
  ) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#logger = logger;
    this.#onWritten = onWritten;
  }

  /** Records the latest of an instance; with the event of a change, at once. */
  record(row: InstanceHealth, event: NewEvent | null = null): void {
    this.#rows.set(row.containerId, row);
    if (event) {
      this.#events.push(event);
      this.#changed.add(row.containerId);
    }
    this.#wake(event ? 0 : GATHER_MS);
  }

  /** Forgets what was to be written of all other containers: their rows will not come to take it. */
  retain(containerIds: ReadonlySet<string>): void {
    for (const [id, row] of this.#rows) if (!containerIds.has(id)) this.#drop(row);
  }

  /** Writes what is left, as far as the database takes it. */
  async close(): Promise<void> {
    await this.#writing;
    this.#due?.cancel();
    await this.#write();
  }

  #wake(ms: number): void {
    const at = this.#clock.now().getTime() + ms;
    if (this.#due && this.#due.at <= at) return;
    this.#due?.cancel();
    const cancel = this.#clock.schedule(ms, () => {
      this.#due = undefined;
      this.#flush();
    });
    this.#due = { at, cancel };
  }

  #flush(): void {
    if (this.#writing) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#events.length > 0) this.#wake(0);
      else if (this.#changed.size > 0 && !this.#outbox.away) this.#wake(RETRY_MS);
      else if (this.#rows.size > 0) this.#wake(GATHER_MS);
    });
  }

  async #write(): Promise<void> {
    const rows = [...this.#rows.values()];
    const events = this.#events;
    this.#events = [];
    try {
      if (rows.length > 0)
        await this.#outbox.attempt(async (store) => this.#landed(rows, await store.writeHealth(rows)));
      if (events.length > 0) await this.#outbox.write((store) => store.appendEvents(events));
    } catch (error) {
      for (const row of rows) this.#drop(row);
      this.#logger.error({ err: error }, 'the database refused what health checks showed');
    }
    const ids = rows.map(({ containerId }) => containerId);
    this.#onWritten(this.#outbox.away ? ids : ids.filter((id) => !this.#changed.has(id)));
  }

  #landed(rows: readonly InstanceHealth[], written: readonly string[]): void {
    const ids = new Set(written);
    for (const row of rows) if (ids.has(row.containerId)) this.#drop(row);
  }

  /** Unless there is something newer of the container by now. */
  #drop(row: InstanceHealth): void {
    const { containerId } = row;
    if (this.#rows.get(containerId) !== row) return;
    this.#rows.delete(containerId);
    this.#changed.delete(containerId);
  }
}
