import { randomUUID } from 'node:crypto';
import { targetOf } from '../plan/action.ts';
import type { Plan } from '../plan/plan.ts';
import type { InstanceStatus, NewOperation, OperationClosure } from '../store/store.ts';
import type { Outbox } from './outbox.ts';

/** The write-ahead log of engine calls: an intent is written before its effect and closed after it. */
export class Journal {
  readonly #outbox: Outbox;
  readonly #inHand = new Map<string, NewOperation>();
  #closures: OperationClosure[] = [];
  #landing: Promise<void> = Promise.resolve();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** The operations that this process opened and has not released. */
  get inHand(): readonly NewOperation[] {
    return [...this.#inHand.values()];
  }

  /**
   * Writes one operation for each step, and the given instance rows with them, in one transaction.
   *
   * @returns the operation's id by step id
   */
  async open(plan: Plan, instances: readonly InstanceStatus[]): Promise<Map<number, string>> {
    const ids = new Map<number, string>();
    const operations = plan.steps.map(({ id: step, action, cause }): NewOperation => {
      const id = randomUUID();
      ids.set(step, id);
      return {
        id,
        appName: plan.app,
        appUid: plan.appUid,
        kind: action.kind,
        target: targetOf(action),
        containerId: 'containerId' in action ? (action.containerId ?? null) : null,
        cause: `${cause.reason}: ${cause.message}`,
      };
    });
    for (const operation of operations) this.#inHand.set(operation.id, operation);
    try {
      await this.#outbox.write((store) => store.openOperations(operations, instances), instances);
    } catch (error) {
      this.release(ids.values());
      throw error;
    }
    return ids;
  }

  /** Closes an operation; closures that come together are written together. */
  close(closure: OperationClosure): void {
    this.#closures.push(closure);
    if (this.#closures.length > 1) return;
    // A failure is for those who await `landed` at its time; what comes later is landed all the same.
    const before = this.#landing.catch(() => {});
    this.#landing = before.then(() => this.#land());
    this.#landing.catch(() => {});
  }

  /** What came of these operations is known to all who plan: they are no longer in hand. */
  release(ids: Iterable<string>): void {
    for (const id of ids) this.#inHand.delete(id);
  }

  /** Resolves when every closure so far has been written. Throws what the database refuses. */
  async landed(): Promise<void> {
    await this.#landing;
  }

  async #land(): Promise<void> {
    const closures = this.#closures;
    this.#closures = [];
    await this.#outbox.write((store) => store.closeOperations(closures));
  }
}
