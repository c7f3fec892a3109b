import { readdir } from 'node:fs/promises';
import type { Knex } from 'knex';
import { AutoServeError } from '../error.ts';
import { Pool } from './pool.ts';

const OLDEST_POSTGRES = 14;
/** Names this lock among all advisory locks of a database; the letters "asrv". */
const MIGRATION_LOCK = 0x61737276;

/** From the source tree and from the build alike, the migrations lie beside `src`. */
const DIRECTORY = new URL('../../migrations/', import.meta.url);
const FILE = /^(\w+)\.[jt]s$/;

/** Migrations by names without extension, so that a database made from the source is known to the build. */
export class MigrationDirectory implements Knex.MigrationSource<string> {
  readonly #directory: URL;

  constructor(directory = DIRECTORY) {
    this.#directory = directory;
  }

  async getMigrations(): Promise<string[]> {
    return [...(await this.#files()).keys()];
  }

  getMigrationName(name: string): string {
    return name;
  }

  async getMigration(name: string): Promise<Knex.Migration> {
    const file = (await this.#files()).get(name);
    if (file === undefined) throw new Error(`there is no migration ${name}`);
    return (await import(new URL(file, this.#directory).href)) as Knex.Migration;
  }

  async #files(): Promise<Map<string, string>> {
    const files = await readdir(this.#directory);
    return new Map(
      files.toSorted().flatMap((file) => {
        const name = FILE.exec(file)?.[1];
        return name === undefined ? [] : [[name, file]];
      }),
    );
  }
}

export interface MigrationStatus {
  applied: string[];
  pending: string[];
  /** Applied by a newer AutoServe. */
  unknown: string[];
}

/**
 * Brings a database to the present schema and returns the names of the migrations it took: all of them in one
 * transaction, or none. Rivals wait for each other. Throws `SchemaNewer`, `PostgresTooOld`, or what the driver throws.
 */
export function migrate(url: string, source = new MigrationDirectory()): Promise<string[]> {
  return alone(url, async (trx) => {
    const { pending, unknown } = await compare(trx, source);
    refuseUnknown(unknown);
    if (pending.length > 0) await trx.migrate.latest({ migrationSource: source });
    return pending;
  });
}

/** Takes every migration back; all data is lost. For tests of the migrations. */
export function unmigrate(url: string, source = new MigrationDirectory()): Promise<void> {
  return alone(url, (trx) => trx.migrate.rollback({ migrationSource: source }, true));
}

/** What was done to a database and what is to be done; changes nothing. */
export async function migrationStatus(
  url: string,
  source = new MigrationDirectory(),
): Promise<MigrationStatus> {
  const pool = open(url);
  try {
    return await compare(pool.knex, source);
  } finally {
    await pool.close();
  }
}

/** Throws `PostgresTooOld` for a server older than the oldest that AutoServe works with; `version` as `140012`. */
export function refuseOldServer(version: number): void {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_POSTGRES)
    throw new AutoServeError(
      'PostgresTooOld',
      `the database server is PostgreSQL ${major}; AutoServe needs ${OLDEST_POSTGRES} or newer`,
      { remedy: 'upgrade the server, or leave out --database-url to use the embedded PostgreSQL' },
    );
}

function refuseUnknown(unknown: readonly string[]): void {
  if (unknown.length > 0)
    throw new AutoServeError(
      'SchemaNewer',
      `the database has the schema of a newer AutoServe (${unknown.join(', ')})`,
      { remedy: 'run the newer AutoServe, or give this one a database of its own with --database-url' },
    );
}

/** One transaction that holds the lock of all migrators; knex's own lock is in it, so that a kill cannot leave it shut. */
async function alone<T>(url: string, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  const pool = open(url);
  try {
    const { rows } = await pool.knex.raw<{ rows: { version: string }[] }>(
      "SELECT current_setting('server_version_num') AS version",
    );
    refuseOldServer(Number(rows[0]?.version));
    return await pool.knex.transaction(async (trx) => {
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      return await work(trx);
    });
  } finally {
    await pool.close();
  }
}

function open(url: string): Pool {
  return new Pool(url, {
    minSize: 0,
    maxSize: 1,
    commandTimeoutMs: 0,
    idleMs: 1_000,
    maxQueries: Infinity,
    applicationName: 'autoserve_migrate',
  });
}

async function compare(runner: Knex, source: MigrationDirectory): Promise<MigrationStatus> {
  const known = await source.getMigrations();
  const applied = await appliedMigrations(runner);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedMigrations(runner: Knex): Promise<string[]> {
  if (!(await runner.schema.hasTable('knex_migrations'))) return [];
  return await runner('knex_migrations').orderBy('id').pluck<string[]>('name');
}
