import { AutoServeError } from '../../error.ts';
import type { Connection } from '../database.ts';

/** How often a query of this database ran and what it took, in milliseconds. */
export interface SlowQuery {
  query: string;
  calls: number;
  total_exec_time: number;
  mean_exec_time: number;
  stddev_exec_time: number;
  rows: number;
  /** Share of pages that were in memory; null when it touched none. */
  hit_percent: number | null;
}

const MOST = 20;
const OBJECT_NOT_IN_PREREQUISITE_STATE = '55000';

/** Where the extension `pg_stat_statements` lies in this database; undefined when it is not there. */
export async function statementStatistics(connection: Connection): Promise<string | undefined> {
  const [extension] = await connection.query<{ name: string }>(
    `SELECT format('%I.pg_stat_statements', nspname) AS name
     FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_stat_statements'`,
  );
  return extension?.name;
}

/**
 * The queries of this database that take longer than `minDurationMs` on average, the slowest first, 20 at most. Throws
 * `SlowQueriesUnknown` where the server does not keep them.
 */
export async function getSlowQueries(
  connection: Connection,
  minDurationMs: number = 1_000,
): Promise<SlowQuery[]> {
  const statistics = await statementStatistics(connection);
  if (statistics === undefined)
    throw unknown(
      'the extension pg_stat_statements is not in this database',
      'CREATE EXTENSION pg_stat_statements',
    );
  try {
    return await connection.query<SlowQuery>(
      `SELECT query, calls, total_exec_time, mean_exec_time, stddev_exec_time, rows,
              100.0::double precision * shared_blks_hit / nullif(shared_blks_hit + shared_blks_read, 0) AS hit_percent
       FROM ${statistics}
       WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mean_exec_time > ?
       ORDER BY mean_exec_time DESC LIMIT ${MOST}`,
      [minDurationMs],
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === OBJECT_NOT_IN_PREREQUISITE_STATE))
      throw error;
    throw unknown(
      'the server did not load pg_stat_statements',
      "set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf and restart the server",
      error,
    );
  }
}

function unknown(message: string, remedy: string, cause?: unknown): AutoServeError {
  return new AutoServeError('SlowQueriesUnknown', `slow queries are not known: ${message}`, {
    remedy,
    cause,
  });
}
