import type { Connection } from './database.ts';
import { statementStatistics } from './queries/slow-queries.ts';

/** What can be told of a database server beside what AutoServe keeps in it. */
export interface ServerStatus {
  /** Such as `18.4`. */
  version: string;
  /** Of the database, with everything in it. */
  bytes: number;
  /** Tables with their indexes and partitions, the largest first. */
  tables: { name: string; bytes: number }[];
  /** Whether slow queries are known. */
  pgStatStatements: boolean;
}

export async function serverStatus(connection: Connection): Promise<ServerStatus> {
  const [server] = await connection.query<{ version: string; bytes: number }>(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
            pg_database_size(current_database()) AS bytes`,
  );
  if (!server) throw new Error('a query of one row returned none');
  const tables = await connection.query<{ name: string; bytes: number }>(
    `SELECT t.relname AS name, sum(pg_total_relation_size(part.oid))::bigint AS bytes
     FROM pg_class t
     CROSS JOIN LATERAL (SELECT t.oid UNION SELECT relid FROM pg_partition_tree(t.oid)) part
     WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
     GROUP BY t.relname ORDER BY bytes DESC, t.relname`,
  );
  return { ...server, tables, pgStatStatements: (await statementStatistics(connection)) !== undefined };
}
