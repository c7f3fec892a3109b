import type PQueue from 'p-queue';
import type { Clock } from '../../clock.ts';
import type { Journal } from '../../control/journal.ts';
import type { Snapshot, View } from '../../control/observer.ts';
import type { Outbox } from '../../control/outbox.ts';
import { EngineError, type Engine, type ObservedContainer } from '../../engine/engine.ts';
import { execute, type StepResult } from '../../plan/execute.ts';
import { nextHolds, type Holds } from '../../plan/hold.ts';
import type { ApplicationRecord, InstanceRecord, InstanceStatus } from '../../store/store.ts';
import { printPlan, type Plan } from '../../plan/plan.ts';
import { applicationDeleted, containerUnknown, eventsOf, planProposed } from './events.ts';
import type { Health } from './instance.ts';
import { intendedInstance } from './instance-status.ts';
import { ImagePuller } from './pull.ts';
import type { Standing } from './standing.ts';
import { unavailableStatus } from './status.ts';
import { stopInstance } from './stop.ts';
import { judge, type Verdict } from './verdict.ts';

export interface ApplicationControllerOptions {
  engine: Engine;
  outbox: Outbox;
  journal: Journal;
  clock: Clock;
  random: () => number;
  /** Null for a container without a health check. */
  healthOf: (containerId: string) => Health | null;
  standingOf: (app: string) => Standing;
  /** Bounds the engine's short calls. */
  calls: PQueue;
  /** Bounds the engine's waiting calls. */
  waits: PQueue;
  /** `observe` carries nothing out and reports what it would do. */
  mode: 'enforce' | 'observe';
  /** Resolves when nothing new reaches a container; the other way round at once. */
  drain: (containerId: string, draining: boolean) => Promise<void>;
  /** Called when something that was in hand has ended, so that there may be more to do. */
  onProgress: (app: string) => void;
}

/** A verdict that is being carried out. */
export interface Undertaking {
  /** Resolves when all steps have ended, whether or not they succeeded; what failed is held back for a while. */
  ended: Promise<void>;
}

/** While the database is away and more writes than these are held in memory, logs are not held with them. */
const MOST_HELD_WITH_LOGS = 5_000;
const NO_LOGS = { logs: '', logError: 'the database was away for long' };

interface Memory {
  /** Generation and retries: what failed is forgotten when either changes. */
  occasion: string;
  /** What failed lately. */
  holds: Holds;
  /** The plan that was last reported instead of being carried out. */
  proposal: string | null;
}

/** Brings one application after another to its declared state: decides, journals, executes, records. */
export class ApplicationController {
  readonly #options: ApplicationControllerOptions;
  readonly #memories = new Map<string, Memory>();
  /** Containers that are being taken out of service, since when, and whether readers of the database can know by now. */
  readonly #draining = new Map<string, { since: Date | null; shown: boolean }>();
  /** Containers that were stopped and are not removed yet. */
  readonly #stopped = new Set<string>();
  /** Containers of no application that is remembered, of which was told. */
  readonly #unknown = new Set<string>();
  readonly #puller: ImagePuller;

  constructor(options: ApplicationControllerOptions) {
    this.#options = options;
    this.#puller = new ImagePuller(options);
  }

  decide(snapshot: Snapshot, name: string): Verdict {
    const { clock, outbox, healthOf, standingOf, mode } = this.#options;
    const view = snapshot.view(name);
    const circumstances = {
      networkExists: snapshot.networkExists,
      holds: this.#recall(view).holds,
      standing: standingOf(name),
      stopped: this.#stopped,
      observing: mode === 'observe',
      attend: (container: ObservedContainer, record: InstanceRecord | null) => ({
        health: healthOf(container.id),
        drainingSince: (this.#draining.get(container.id) ?? { since: record?.drainingSince ?? null }).since,
      }),
    };
    const verdict = judge(view, circumstances, clock.now());
    return outbox.away ? { ...verdict, deletable: null, rollBack: null } : verdict;
  }

  /**
   * Writes what the verdicts say of status, all in one go; nothing where nothing changed. What the database refuses of
   * one application holds up no other.
   *
   * @returns what it refused, by name of application
   */
  async record(verdicts: readonly Verdict[]): Promise<Map<string, unknown>> {
    try {
      await this.#write(verdicts);
      return new Map();
    } catch (error) {
      const [first, ...others] = verdicts;
      if (first && others.length === 0) return new Map([[first.name, error]]);
      const refused = new Map<string, unknown>();
      for (const verdict of verdicts)
        for (const [name, reason] of await this.record([verdict])) refused.set(name, reason);
      return refused;
    }
  }

  async #write(verdicts: readonly Verdict[]): Promise<void> {
    const { outbox } = this.#options;
    const applications = verdicts.flatMap(({ application }) => application ?? []);
    const instances = verdicts.flatMap((verdict) => verdict.instances);
    const closures = verdicts.flatMap((verdict) => verdict.closures);
    if (applications.length + instances.length > 0)
      await outbox.attempt((store) => store.writeStatus(applications, instances));
    this.#showDrains(instances);
    if (closures.length > 0) await outbox.write((store) => store.closeOperations(closures));
    for (const verdict of verdicts) await this.#propose(verdict);
    await this.#tellUnknown(verdicts.flatMap(({ orphans }) => orphans));
  }

  /** While the database is away, nobody knows what was deleted on purpose. */
  async #tellUnknown(orphans: readonly ObservedContainer[]): Promise<void> {
    const { clock, outbox } = this.#options;
    const unknown = orphans.filter(({ id }) => !this.#unknown.has(id));
    if (unknown.length === 0 || outbox.away) return;
    const events = unknown.map((container) => containerUnknown(container, clock.now()));
    await outbox.write((store) => store.appendEvents(events));
    for (const { id } of unknown) this.#unknown.add(id);
  }

  /** A drain counts from when it was first written: who sends requests may read there where not to. */
  #showDrains(written: readonly InstanceStatus[]): void {
    for (const { containerId, drainingSince } of written) {
      const drain = containerId === null ? undefined : this.#draining.get(containerId);
      if (!containerId || !drain?.since || !drainingSince || drain.shown) continue;
      this.#draining.set(containerId, { since: this.#options.clock.now(), shown: true });
    }
  }

  /** Records that nothing is known of these applications' instances now. */
  async recordUnavailable(applications: readonly ApplicationRecord[], error: Error): Promise<void> {
    const now = this.#options.clock.now();
    const statuses = applications.flatMap((application) => unavailableStatus(application, error, now) ?? []);
    if (statuses.length > 0) await this.#options.outbox.attempt((store) => store.writeStatus(statuses, []));
  }

  /**
   * Begins to carry a verdict out: resolves when its steps are in the journal, so that whoever plans from now on knows of
   * them. Throws what the database refuses.
   */
  async begin(
    { name, plan, instances, deletable, rollBack }: Verdict,
    signal: AbortSignal,
  ): Promise<Undertaking> {
    const { clock, outbox, journal } = this.#options;
    if (deletable) {
      const { uid } = deletable;
      await outbox.attempt((store) =>
        store.deleteApplication(name, uid, applicationDeleted(name, uid, clock.now())),
      );
    }
    if (rollBack) await outbox.attempt((store) => store.rollBack(rollBack));
    // What is planned for a revision that failed is of no use any more.
    if (rollBack || plan.steps.length === 0) return { ended: Promise.resolve() };
    const intended = plan.steps.flatMap(({ action }) =>
      action.kind === 'createContainer' ? intendedInstance(action.container) : [],
    );
    // The rows that intended ones take over from go first: no two live rows may share a slot.
    const operationIds = await journal.open(plan, [...instances, ...intended]);
    for (const { action } of plan.steps)
      if (action.kind === 'stopContainer') this.#stopped.add(action.containerId);
    return { ended: this.#carryOut(plan, operationIds, signal) };
  }

  async #carryOut(plan: Plan, operationIds: ReadonlyMap<number, string>, signal: AbortSignal): Promise<void> {
    const { engine, calls, waits, clock, outbox, journal, drain } = this.#options;
    const isDrained = (id: string): boolean => Boolean(this.#draining.get(id)?.since);
    const stopping = { engine, drain, isDrained };
    const failures: unknown[] = [];
    let ended: StepResult[] = [];
    let noting = Promise.resolve();
    await execute(plan, {
      engine,
      calls,
      waits,
      signal,
      operationIds,
      pull: async ({ image, policy, revision }, abort) =>
        await this.#puller.pull({ name: plan.app, uid: plan.appUid, revision }, image, policy, abort),
      drain: async (containerId, draining) => {
        await drain(containerId, draining);
        this.#draining.set(containerId, { since: draining ? clock.now() : null, shown: false });
      },
      stop: async (containerId, graceSeconds) => await stopInstance(stopping, containerId, graceSeconds),
      keepCapsule: async (capsule) => {
        const kept = outbox.held < MOST_HELD_WITH_LOGS ? capsule : { ...capsule, ...NO_LOGS };
        await outbox.write((store) => store.recordFailure(kept));
      },
      onEnded: (result, closure) => {
        journal.close(closure);
        ended.push(result);
        if (ended.length > 1) return;
        noting = noting
          .then(() => {
            const results = ended;
            ended = [];
            return this.#note(plan, results, operationIds);
          })
          .catch((error: unknown) => void failures.push(error));
      },
    });
    await noting;
    if (failures.length > 0) throw failures[0];
  }

  /** Notes what came of steps, and only then gives them out of hand. Throws as `begin`, and `EngineUnavailable`. */
  async #note(
    { app: name, appUid: uid }: Plan,
    results: readonly StepResult[],
    operationIds: ReadonlyMap<number, string>,
  ): Promise<void> {
    const { clock, random, outbox, journal, onProgress } = this.#options;
    try {
      await journal.landed();
      for (const { step, outcome } of results)
        if (step.action.kind === 'stopContainer' && outcome === 'skipped')
          this.#stopped.delete(step.action.containerId);

      const now = clock.now();
      const memory = this.#memories.get(name) ?? newMemory('');
      const answered = results.filter((result) => !failedWith(result, 'EngineUnavailable'));
      this.#memories.set(name, { ...memory, holds: nextHolds(memory.holds, answered, now, random) });
      const events = eventsOf({ name, uid }, answered, memory.holds, now);
      if (events.length > 0) await outbox.write((store) => store.appendEvents(events));
      const removed = results.flatMap(({ step: { action }, outcome }) =>
        action.kind === 'removeContainer' && outcome === 'done' ? action.containerId : [],
      );
      for (const id of removed) {
        this.#draining.delete(id);
        this.#stopped.delete(id);
      }
      if (removed.length > 0) await outbox.write((store) => store.markRemoved(removed, now));
      const refused = results.flatMap((result) =>
        failedWith(result, 'NameTaken') && result.step.action.kind === 'createContainer'
          ? { ...intendedInstance(result.step.action.container), status: 'error' as const }
          : [],
      );
      if (refused.length > 0) await outbox.write((store) => store.writeStatus([], refused));
    } finally {
      journal.release(results.flatMap(({ step }) => operationIds.get(step.id) ?? []));
    }
    const unavailable = results.find((result) => failedWith(result, 'EngineUnavailable'));
    if (unavailable?.outcome === 'failed') throw unavailable.error;
    onProgress(name);
  }

  /** Reports a plan instead of carrying it out; once, however often it is made. */
  async #propose({ name, proposal }: Verdict): Promise<void> {
    const memory = this.#memories.get(name);
    const text = proposal && printPlan(proposal);
    if (!memory || text === memory.proposal) return;
    memory.proposal = text;
    if (!proposal || text === '') return;
    const event = planProposed({ name, uid: proposal.appUid }, proposal, this.#options.clock.now());
    await this.#options.outbox.write((store) => store.appendEvents([event]));
  }

  #recall({ name, application, leftovers }: View): Memory {
    const occasion = application ? `${application.generation} ${application.retries}` : '';
    const known = this.#memories.get(name);
    if (known?.occasion === occasion) return known;
    const memory = newMemory(occasion);
    if (application || leftovers.length > 0) this.#memories.set(name, memory);
    else {
      this.#memories.delete(name);
      this.#puller.forget(name);
    }
    return memory;
  }
}

function newMemory(occasion: string): Memory {
  return { occasion, holds: new Map(), proposal: null };
}

function failedWith(result: StepResult, code: EngineError['code']): boolean {
  return result.outcome === 'failed' && result.error instanceof EngineError && result.error.code === code;
}
