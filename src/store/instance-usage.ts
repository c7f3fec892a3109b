import type { Measurement } from '../metrics/measurement.ts';
import type { Connection } from './database.ts';
import { toJson } from './json.ts';

/** Writes what instances use to their rows, in one statement; an instance that could not be measured keeps its last. */
export async function writeUsage(connection: Connection, { apps }: Measurement): Promise<void> {
  const rows = apps.flatMap(({ instances }) =>
    instances.flatMap(({ name, usage }) =>
      usage ? [{ name, cpu: usage.cpuPercent, memory: usage.memoryPercent, bytes: usage.memoryBytes }] : [],
    ),
  );
  if (rows.length === 0) return;
  await connection.query(
    `UPDATE instances i SET cpu_percent = coalesce(u.cpu, i.cpu_percent),
       memory_percent = least(coalesce(u.memory, i.memory_percent), 100), memory_usage_bytes = u.bytes
     FROM json_to_recordset(?) AS u (name text, cpu float8, memory float8, bytes bigint)
     WHERE i.container_name = u.name AND i.removed_at IS NULL`,
    [toJson(rows)],
  );
}
