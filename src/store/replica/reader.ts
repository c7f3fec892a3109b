import type { Knex } from 'knex';
import type { Connection } from '../database.ts';
import { ReplicaLeft, type Replica } from './replica.ts';

/** Where readers read: the replica while it is in use, otherwise the primary. What they read may be a little old. */
export class Reader implements Connection {
  readonly #primary: Connection;
  readonly #replica: Replica | null;

  constructor(primary: Connection, replica: Replica | null) {
    this.#primary = primary;
    this.#replica = replica;
  }

  async query<Row extends object>(sql: string, bindings: readonly Knex.RawBinding[] = []): Promise<Row[]> {
    if (this.#replica?.inUse)
      try {
        return await this.#replica.query<Row>(sql, bindings);
      } catch (error) {
        if (!(error instanceof ReplicaLeft)) throw error;
      }
    return await this.#primary.query<Row>(sql, bindings);
  }
}
