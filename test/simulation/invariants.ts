import type { MemoryContainer } from '../../src/engine/memory/memory-world.ts';
import type { Controller } from './controller.ts';
import type { Call } from './intercept.ts';
import { INSTALLATION, SECRET_VALUE } from './names.ts';
import type { Simulation } from './simulation.ts';

/** For how long after a failure of the database intents may be in memory alone. */
const HELD_MS = 10_000;
/** `termination.drainSeconds` of what the simulation declares with ports. */
const DRAIN_MS = 1_000;
/** Who plans a removal knows what was so for this long. */
const NOTICED_MS = 1_000;
/** More calls than this in ten seconds are a loop that does not wait. */
const MOST_CALLS = 600;

/** What must hold at every moment, checked at every effect; the numbers are the design's. */
export class Invariants {
  readonly violations: string[] = [];
  /** The highest `strategy.maxSurge` of all manifests. */
  surge = 1;
  /** Ids of containers that somebody started again. */
  readonly #startedByOthers = new Set<string>();
  /** Slots of these: for a moment there may be two instances, of which either may go. */
  readonly #disturbedSlots = new Set<string>();
  readonly #simulation: Simulation;
  #storeFailedAt: Date | null = null;
  #foreign = '[]';
  #spared: { uid: string } | undefined;
  #lately = { begun: 0, calls: 0 };

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  violate(what: string): void {
    this.#simulation.note(`VIOLATION ${what}`);
    this.violations.push(what);
  }

  /** The containers of others are now as they shall stay. */
  keepForeign(): void {
    this.#foreign = this.#foreigners();
  }

  /** Somebody starts a container again: nobody can have known, so that its slot is not held to S1 and S3. */
  allowStart(container: MemoryContainer): void {
    this.#startedByOthers.add(container.id);
    this.#disturbedSlots.add(slotOf(container));
  }

  before({ on, method, args }: Call, controller: Controller): void {
    if (method === 'deleteApplication') this.#spared = this.#notToDelete(String(args[0]));
    this.#storeFailedAt = controller.storeFailedAt;
    if (on !== 'engine') return;
    this.#journalFirst(method, args);
    if (method !== 'stopContainer' && method !== 'removeContainer') return;
    const container = this.#simulation.world.containers.get(String(args[0]));
    if (container) this.#mayGo(container, method);
    if (container && method === 'removeContainer') this.#isKnown(container);
  }

  after({ on, method, args }: Call): void {
    if (this.#foreigners() !== this.#foreign) this.violate('S2: a container of somebody else was changed');
    const spared = method === 'deleteApplication' ? this.#spared : undefined;
    if (spared && this.#notToDelete(String(args[0]))?.uid !== spared.uid)
      this.violate(`S4: application ${String(args[0])} was deleted though it is declared`);
    if (on === 'engine' && method === 'startContainer') {
      const container = this.#simulation.world.containers.get(String(args[0]));
      if (container) this.#mayRun(container);
    }
  }

  /** L2: whether there were more calls lately than anything explains. */
  isSpinning(): boolean {
    const { clock, calls } = this.#simulation;
    const begun = Math.floor(clock.now().getTime() / 10_000);
    if (begun !== this.#lately.begun) this.#lately = { begun, calls };
    const spins = calls - this.#lately.calls > MOST_CALLS;
    if (spins) this.violate('L2: the loop does not wait');
    return spins;
  }

  /** S9, on everything that was written. */
  secretsAreSafe(): void {
    const { database, trace, world } = this.#simulation;
    const written = JSON.stringify([
      trace,
      database.events,
      database.failures,
      database.instances,
      database.revisions,
      [...database.applications.values()],
      [...database.operations.values()],
      [...world.containers.values()].map(({ identity }) => identity),
    ]);
    if (written.includes(SECRET_VALUE)) this.violate('S9: the value of a secret was written down');
  }

  /** S6: the intent is in the journal before the effect. */
  #journalFirst(method: string, [first]: readonly unknown[]): void {
    const { database } = this.#simulation;
    if (this.#isStoreFailing()) return;
    const id = (first as { identity?: { operationId: string } } | undefined)?.identity?.operationId;
    const open = [...database.operations.values()].filter(({ closure }) => closure === null);
    const container = this.#simulation.world.containers.get(String(first));
    const intended = open.some(({ record }) => {
      if (id !== undefined) return record.id === id;
      if (record.kind !== method) return false;
      return container === undefined || record.target === container.identity.name;
    });
    if (!intended) this.violate(`S6: ${method} without an intent in the journal`);
  }

  /** Nothing that failed by itself is removed before its capsule is kept, unless it failed only a moment ago. */
  #isKnown({ id, identity, endedBy, exitCode, finishedAt }: MemoryContainer): void {
    const { database } = this.#simulation;
    if (this.#isStoreFailing() || database.failures.some(({ containerId }) => containerId === id)) return;
    const intent = [...database.operations.values()].find(
      ({ record, closure }) => !closure && record.kind === 'removeContainer' && record.containerId === id,
    )?.record;
    if (!intent) return;
    const policy = database.applications.get(identity.app)?.manifest.spec.restartPolicy;
    const failed = endedBy === 'itself' && (exitCode !== 0 || policy === 'Always');
    const seen =
      intent.cause.startsWith('InstanceDied') ||
      (finishedAt !== null && intent.startedAt.getTime() - finishedAt.getTime() > NOTICED_MS);
    if ((failed && seen) || intent.cause.startsWith('InstanceUnhealthy'))
      this.violate(`${identity.name} failed and is removed without its capsule: ${intent.cause}`);
  }

  /** S3 and S4: nothing that is as declared is touched, and nothing goes because something is not known. */
  #mayGo(container: MemoryContainer, method: string): void {
    const { identity, state } = container;
    if (container.installation !== INSTALLATION) return;
    const { database, world, versions } = this.#simulation;
    const known =
      database.applications.get(identity.app)?.uid === identity.appUid ||
      database.events.some(
        (event) => event.reason === 'ApplicationDeleted' && event.appUid === identity.appUid,
      );
    if (!known) this.violate(`S4: ${method} of ${identity.name}, of an application that nobody knows`);
    const wanted = (versions.get(identity.app) ?? []).every(
      (version) => version && version.specHash === identity.specHash && identity.index < version.replicas,
    );
    if (!isAsMade(container) || this.#simulation.isSick(container)) return;
    if (method === 'stopContainer') this.#drainFirst(container);
    if (!wanted || this.#disturbedSlots.has(slotOf(container))) return;
    const others = [...world.containers.values()].filter(
      (other) => other !== container && isAsMade(other) && slotOf(other) === slotOf(container),
    );
    if (others.length === 0)
      this.violate(`S3: ${method} of ${identity.name}, which is as declared (${state})`);
  }

  /** What can be reached is taken out of service a while before it is stopped. */
  #drainFirst({ id, spec, identity }: MemoryContainer): void {
    const { database, clock } = this.#simulation;
    if (spec.ports.length === 0 || this.#isStoreFailing()) return;
    const since = database.instances.find(({ containerId }) => containerId === id)?.drainingSince;
    if (!since || clock.now().getTime() - since.getTime() < DRAIN_MS)
      this.violate(`${identity.name} is stopped before it was drained`);
  }

  /** The application of this name, unless its removal is asked for. */
  #notToDelete(name: string): { uid: string } | undefined {
    const application = this.#simulation.database.applications.get(name);
    return application?.deletionRequestedAt === null ? application : undefined;
  }

  /** S1. */
  #mayRun(container: MemoryContainer): void {
    const { world, versions, database } = this.#simulation;
    const leaving = new Set(
      database.instances.flatMap(({ drainingSince, containerId }) => (drainingSince ? containerId : [])),
    );
    const live = [...world.containers.values()].filter(
      (other) =>
        isAsMade(other) &&
        other.identity.appUid === container.identity.appUid &&
        !this.#startedByOthers.has(other.id) &&
        !leaving.has(other.id) &&
        !this.#simulation.isSick(other),
    );
    const { app, name, revision } = container.identity;
    const rivals = live.filter(
      (other) => slotOf(other) === slotOf(container) && other.identity.revision === revision,
    );
    if (rivals.length > 1)
      this.violate(`S1: ${rivals.map(({ identity }) => identity.name).join(' and ')} live in one slot`);
    const most = Math.max(...(versions.get(app) ?? []).map((version) => version?.replicas ?? 0)) + this.surge;
    // While the database is away it does not tell which of them are being taken out of service.
    if (live.length > most && !this.#isStoreFailing())
      this.violate(`S1: ${name} makes ${live.length} live instances of ${app}`);
  }

  /** Whether the database fails the controller, or did a moment ago, so that it does not have everything. */
  #isStoreFailing(): boolean {
    const { clock, away } = this.#simulation;
    const sinceMs = clock.now().getTime() - (this.#storeFailedAt?.getTime() ?? -HELD_MS);
    return away.has('database') || sinceMs < HELD_MS;
  }

  #foreigners(): string {
    const { containers } = this.#simulation.world;
    return JSON.stringify(
      [...containers.values()].filter(({ installation }) => installation !== INSTALLATION),
    );
  }
}

/** Runs, and nobody has changed it. */
export function isAsMade({
  installation,
  state,
  name,
  identity,
  connected,
  resources,
  spec,
}: MemoryContainer): boolean {
  const limited = resources.nanoCpus > 0 && spec.nanoCpus === undefined;
  return (
    installation === INSTALLATION && state === 'running' && name === identity.name && connected && !limited
  );
}

function slotOf({ identity }: MemoryContainer): string {
  return `${identity.appUid}/${identity.index}`;
}
