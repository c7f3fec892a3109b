import type { Connection } from '../database.ts';
import { AppRecord, type AppRow } from '../models/app-record.ts';
import { InstanceRecord, type InstanceRecordRow } from '../models/instance-record.ts';
import type { ApplicationWord } from '../store.ts';

export interface AppWithInstances {
  app: AppRecord;
  /** Those that are there and have not stopped, by replica index. */
  instances: InstanceRecord[];
}

/** An application with its instances, in one query; undefined when there is no such application. */
export async function getAppWithInstances(
  connection: Connection,
  appName: string,
): Promise<AppWithInstances | undefined> {
  const [row] = await connection.query<AppRow & { instances: InstanceRecordRow[] }>(
    `SELECT a.*, COALESCE(
       json_agg(i ORDER BY i.replica_index, i.revision, i.attempt) FILTER (WHERE i.id IS NOT NULL), '[]'
     ) AS instances
     FROM applications a
     LEFT JOIN instances i ON i.app_name = a.name AND i.removed_at IS NULL AND i.status <> 'stopped'
     WHERE a.name = ?
     GROUP BY a.name`,
    [appName],
  );
  return (
    row && {
      app: AppRecord.fromDbRow(row),
      instances: row.instances.map((instance) => InstanceRecord.fromDbRow(instance)),
    }
  );
}

/** An application and what its instances come to. */
export interface AppSummary {
  name: string;
  status: ApplicationWord;
  /** Ready instances. */
  replicas: number;
  desired_replicas: number;
  mode: 'auto' | 'manual';
  created_at: Date;
  updated_at: Date;
  last_scaled_at: Date | null;
  running_instances: number;
  healthy_instances: number;
  /** Of running instances; null when there are none. */
  avg_cpu_percent: number | null;
  avg_memory_percent: number | null;
}

/** All applications by name, or those of a status, in one query. */
export function getAppsSummary(
  connection: Connection,
  statusFilter: ApplicationWord | null = null,
): Promise<AppSummary[]> {
  return connection.query<AppSummary>(
    `SELECT a.name, a.status, a.replicas, a.desired_replicas, a.mode, a.created_at, a.updated_at, a.last_scaled_at,
            COALESCE(i.running_instances, 0) AS running_instances,
            COALESCE(i.healthy_instances, 0) AS healthy_instances, i.avg_cpu_percent, i.avg_memory_percent
     FROM applications a
     LEFT JOIN (
       SELECT app_name,
              count(*) FILTER (WHERE status = 'running') AS running_instances,
              count(*) FILTER (WHERE health_status = 'healthy') AS healthy_instances,
              avg(cpu_percent) FILTER (WHERE status = 'running') AS avg_cpu_percent,
              avg(memory_percent) FILTER (WHERE status = 'running') AS avg_memory_percent
       FROM instances WHERE removed_at IS NULL GROUP BY app_name
     ) i ON i.app_name = a.name
     WHERE ?::text IS NULL OR a.status = ?
     ORDER BY a.name`,
    [statusFilter, statusFilter],
  );
}
