import type { Knex } from 'knex';
import { messageOf } from '../../error.ts';
import { Database, isUnavailable, type Connection } from '../database.ts';
import { REPLICA_POOL, type PoolSettings } from '../pool.ts';
import { StandbyProbe, type Finding } from './standby.ts';

export interface ReplicaOptions {
  url: string;
  /** How far behind the primary reads may be. */
  maxLagSeconds: number;
  /** The primary, to compare with. */
  primary: Connection;
  pool?: PoolSettings;
  /** Told when the replica is lost, when it was not there at first, and when it is taken back. */
  onChange(finding: Finding): void;
}

/** How often the replica is looked at. */
const LOOK_MS = 2_000;
/** A replica that lagged is taken back when this much of the allowed lag is left, so that it does not come and go. */
const RETURN_SHARE = 0.5;

/** Thrown by a query on a replica that cannot answer it now: the primary can. */
export class ReplicaLeft extends Error {
  override name = 'ReplicaLeft';
}

/**
 * The replica of the database. It is in use while it answers and keeps up; when it does not, its connections are cut, so
 * that whoever waits for it is sent to the primary at once, and it is looked at until it returns.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #probe: StandbyProbe;
  readonly #leaving = new Set<Promise<void>>();
  #pool: Database | undefined;
  #finding: Finding | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  /** It is not in use before the first look. */
  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#probe = new StandbyProbe(options.url, options.primary);
  }

  /** What the last look showed; undefined before the first. */
  get finding(): Finding | undefined {
    return this.#finding;
  }

  get inUse(): boolean {
    return this.#pool !== undefined;
  }

  /** Looks at it once, which takes a few seconds at most, and takes or leaves it. */
  async look(): Promise<void> {
    const { maxLagSeconds } = this.#options;
    const first = this.#finding === undefined;
    const pool = this.#pool;
    const finding = await this.#probe.look(
      this.inUse || first ? maxLagSeconds : maxLagSeconds * RETURN_SHARE,
    );
    // A query that found it dead meanwhile knows better.
    if (this.#closed || this.#pool !== pool) return;
    if (!finding.usable && (this.inUse || first)) this.#leave(finding);
    else if (finding.usable && !this.inUse) {
      this.#take();
      if (!first) this.#options.onChange(finding);
    }
    this.#finding = finding;
  }

  /** Looks now, and goes on looking until it is closed. */
  watch(): void {
    this.#looking = this.look().then(() => {
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.watch(), LOOK_MS);
      this.#timer.unref();
    });
  }

  /** Throws `ReplicaLeft`, or what the query itself is refused for. */
  async query<Row extends object>(sql: string, bindings: readonly Knex.RawBinding[] = []): Promise<Row[]> {
    const pool = this.#pool;
    if (!pool) throw new ReplicaLeft('the replica is not in use');
    try {
      return await pool.query<Row>(sql, bindings);
    } catch (error) {
      if (this.#pool === pool && isGone(error)) this.#leave(unreachable(error));
      if (this.#pool !== pool || isConflict(error)) throw new ReplicaLeft(messageOf(error), { cause: error });
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#probe.close();
    await this.#pool?.terminate();
    await Promise.all(this.#leaving);
  }

  #take(): void {
    this.#pool = new Database(this.#options.url, this.#options.pool ?? REPLICA_POOL);
    // One that fails here fails its first query, or the next look, as well.
    this.#pool.warm().catch(() => {});
  }

  #leave(finding: Finding): void {
    const leaving = this.#pool?.terminate();
    this.#pool = undefined;
    this.#finding = finding;
    this.#options.onChange(finding);
    if (!leaving) return;
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }
}

function unreachable(error: unknown): Finding {
  return {
    usable: false,
    trouble: 'unreachable',
    message: `the replica does not answer: ${messageOf(error)}`,
  };
}

/** query_canceled: the query took too long; read_only_sql_transaction: it wanted to write. */
const OWN_FAULTS = new Set(['57014', '25006']);

function isGone(error: unknown): boolean {
  return isUnavailable(error) && !OWN_FAULTS.has(codeOf(error));
}

/** Called off, for what the primary has removed meanwhile stood in its way: serialization_failure, deadlock_detected. */
function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
