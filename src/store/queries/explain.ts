import type pg from 'pg';
import { AutoServeError, messageOf } from '../../error.ts';
import type { Database } from '../database.ts';

interface PlanNode {
  'Node Type': string;
  Plans?: PlanNode[];
}

const SYNTAX_ERROR = '42601';
const TIMEOUT_MS = 30_000;
/** So that what is asked about waits for nobody, and nobody long for it. */
const LOCK_TIMEOUT_MS = 1_000;

/**
 * How PostgreSQL carries out a query, with what it took in time and buffers, as indented JSON. The query is carried
 * out for that, in a transaction that is rolled back and, unless it is an INSERT, UPDATE, DELETE or MERGE, cannot write.
 *
 * @param sql one query, with `$1`, `$2` … for `params`
 * @throws AutoServeError `QueryRefused` for several statements at once, and what PostgreSQL says about the query
 */
export async function explainQuery(
  database: Database,
  sql: string,
  params: readonly unknown[] = [],
  timeoutMs: number = TIMEOUT_MS,
): Promise<string> {
  return await database.lend(async (client) => {
    const [estimate] = await explain(client, 'FORMAT JSON', sql, params, 'READ ONLY', timeoutMs);
    const access = estimate && writes(estimate.Plan) ? 'READ WRITE' : 'READ ONLY';
    const plan = await explain(client, 'ANALYZE, BUFFERS, FORMAT JSON', sql, params, access, timeoutMs);
    return JSON.stringify(plan, null, 2);
  });
}

async function explain(
  client: pg.ClientBase,
  options: string,
  sql: string,
  params: readonly unknown[],
  access: 'READ ONLY' | 'READ WRITE',
  timeoutMs: number,
): Promise<{ Plan: PlanNode }[]> {
  await client.query(`BEGIN ${access}`);
  try {
    await client.query(
      `SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`,
    );
    // The extended protocol takes one statement, whatever the text holds.
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>({
      text: `EXPLAIN (${options}) ${sql}`,
      values: [...params],
      queryMode: 'extended',
    } as pg.QueryConfig);
    return rows[0]?.['QUERY PLAN'] ?? [];
  } catch (error) {
    throw refusal(error);
  } finally {
    await client.query('ROLLBACK');
  }
}

function writes(node: PlanNode): boolean {
  return node['Node Type'] === 'ModifyTable' || (node.Plans ?? []).some(writes);
}

function refusal(error: unknown): unknown {
  const isSeveral =
    error instanceof Error &&
    'code' in error &&
    error.code === SYNTAX_ERROR &&
    messageOf(error).includes('multiple commands');
  if (!isSeveral) return error;
  return new AutoServeError('QueryRefused', 'several statements cannot be explained at once', {
    remedy: 'give one query',
    cause: error,
  });
}
