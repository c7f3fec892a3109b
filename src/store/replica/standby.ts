import { messageOf } from '../../error.ts';
import { Database, isUnavailable, type Connection } from '../database.ts';
import { withoutPassword } from '../database-url.ts';
import { REPLICA_POOL } from '../pool.ts';
import { ReplayLag } from './replay-lag.ts';

/** Why a replica is of no use, as the event's details have it. */
export type Trouble = 'unreachable' | 'lagging' | 'no standby' | 'standby of another';

export type Finding =
  { usable: true; lagSeconds: number } | { usable: false; trouble: Trouble; message: string };

interface PrimaryRow {
  cluster: string;
  written: number | null;
}

interface StandbyRow {
  cluster: string;
  standby: boolean;
  received: number | null;
  replayed: number | null;
  last_commit_seconds: number | null;
}

const PRIMARY = `
  SELECT system_identifier::text AS cluster,
         CASE WHEN pg_is_in_recovery() THEN NULL
              ELSE pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint END AS written
  FROM pg_control_system()`;
const STANDBY = `
  SELECT system_identifier::text AS cluster, pg_is_in_recovery() AS standby,
         pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint AS received,
         pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint AS replayed,
         EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp())::double precision AS last_commit_seconds
  FROM pg_control_system()`;

/** A server that works answers a look in a few milliseconds. */
const ANSWER_MS = 2_000;
/** A write of this very moment may take as long to arrive. */
const ARRIVAL_MS = 50;
const ARRIVAL_LOOKS = 5;

/** Looks at a replica over a connection of its own, and compares it with the primary. */
export class StandbyProbe {
  readonly #url: string;
  readonly #primary: Connection;
  readonly #lag = new ReplayLag();
  #database: Database | undefined;

  constructor(url: string, primary: Connection) {
    this.#url = url;
    this.#primary = primary;
  }

  /** What the replica is good for now; answers within a few seconds, whatever the servers do. */
  async look(maxLagSeconds: number): Promise<Finding> {
    try {
      return await this.#look(maxLagSeconds);
    } catch (error) {
      await this.close();
      return this.#trouble('unreachable', `cannot be used: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#database?.terminate();
    this.#database = undefined;
  }

  async #look(maxLagSeconds: number): Promise<Finding> {
    const primary = await this.#askPrimary();
    let lagSeconds = Infinity;
    for (let look = 0; look < ARRIVAL_LOOKS; look += 1) {
      const row = await this.#askStandby();
      if (!row.standby)
        return this.#trouble('no standby', 'is not in recovery: the primary itself, or promoted');
      if (primary && primary.cluster !== row.cluster)
        return this.#trouble('standby of another', 'is a copy of another database cluster');
      lagSeconds = this.#lag.measure({
        written: primary?.written ?? null,
        received: row.received,
        replayed: row.replayed,
        lastCommitSeconds: row.last_commit_seconds,
        at: performance.now(),
      });
      if (lagSeconds <= maxLagSeconds) return { usable: true, lagSeconds };
      await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
    }
    const lag = Number.isFinite(lagSeconds) ? `${lagSeconds.toFixed(0)} s` : 'nobody knows how far';
    return this.#trouble('lagging', `is ${lag} behind, more than ${maxLagSeconds} s`);
  }

  /** Null when the primary does not answer: then the replica is all there is. */
  async #askPrimary(): Promise<PrimaryRow | null> {
    try {
      const [row] = await within(ANSWER_MS, this.#primary.query<PrimaryRow>(PRIMARY));
      return row ?? null;
    } catch (error) {
      if (error instanceof NoAnswer || isUnavailable(error)) return null;
      throw error;
    }
  }

  async #askStandby(): Promise<StandbyRow> {
    this.#database ??= new Database(this.#url, { ...REPLICA_POOL, minSize: 0, maxSize: 1 });
    const [row] = await within(ANSWER_MS, this.#database.query<StandbyRow>(STANDBY));
    if (!row) throw new Error('a query of one row returned none');
    return row;
  }

  #trouble(trouble: Trouble, message: string): Finding {
    return { usable: false, trouble, message: `the replica ${withoutPassword(this.#url)} ${message}` };
  }
}

class NoAnswer extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms / 1_000} s`);
  }
}

/** What `work` comes to, or `NoAnswer` when it takes longer; it is not called off then. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(ms)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
