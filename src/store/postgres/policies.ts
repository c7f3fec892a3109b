import type { App, HealthCheck, Scaling } from '../../manifest/app.gen.ts';
import type { Connection } from '../database.ts';
import { toJson } from '../json.ts';
import { assignments, incoming, list, type Columns } from './columns.ts';

type Weight = keyof Scaling['weights'];
type ScalingRow = { app: string } & Omit<Scaling, 'weights'> & Record<`${Weight}Weight`, number>;
type HealthCheckRow = { app: string } & HealthCheck;

const SCALING_COLUMNS: Columns<ScalingRow> = [
  ['app_name', 'app', 'text'],
  ['min_replicas', 'minReplicas', 'integer'],
  ['max_replicas', 'maxReplicas', 'integer'],
  ['target_rps_per_replica', 'targetRPSPerReplica', 'integer'],
  ['max_p95_latency_ms', 'maxP95LatencyMs', 'integer'],
  ['max_cpu_percent', 'maxCPUPercent', 'double precision'],
  ['max_memory_percent', 'maxMemoryPercent', 'double precision'],
  ['max_connections_per_replica', 'maxConnPerReplica', 'integer'],
  ['scale_out_threshold_pct', 'scaleOutThresholdPct', 'integer'],
  ['scale_in_threshold_pct', 'scaleInThresholdPct', 'integer'],
  ['cooldown_seconds', 'cooldownSeconds', 'integer'],
  ['evaluation_window_seconds', 'windowSeconds', 'integer'],
  ['max_scale_out_step', 'maxScaleOutStep', 'integer'],
  ['max_scale_in_step', 'maxScaleInStep', 'integer'],
  ['stabilization_window_seconds', 'stabilizationWindowSeconds', 'integer'],
  ['cpu_weight', 'cpuWeight', 'double precision'],
  ['memory_weight', 'memoryWeight', 'double precision'],
  ['rps_weight', 'rpsWeight', 'double precision'],
  ['latency_weight', 'latencyWeight', 'double precision'],
  ['connection_weight', 'connectionWeight', 'double precision'],
];

const HEALTH_CHECK_COLUMNS: Columns<HealthCheckRow> = [
  ['app_name', 'app', 'text'],
  ['protocol', 'protocol', 'text'],
  ['path', 'path', 'text'],
  ['port', 'port', 'integer'],
  ['method', 'method', 'text'],
  ['headers', 'headers', 'jsonb'],
  ['body', 'body', 'text'],
  ['expected_status_codes', 'expectedStatusCodes', 'integer[]'],
  ['initial_delay_seconds', 'initialDelaySeconds', 'integer'],
  ['period_seconds', 'periodSeconds', 'integer'],
  ['timeout_seconds', 'timeoutSeconds', 'integer'],
  ['failure_threshold', 'failureThreshold', 'integer'],
  ['success_threshold', 'successThreshold', 'integer'],
];

/** Makes the policy rows of applications say what their manifests say. */
export async function followManifests(connection: Connection, manifests: readonly App[]): Promise<void> {
  if (manifests.length === 0) return;
  await upsert(connection, 'scaling_policies', SCALING_COLUMNS, manifests.map(scalingRow));
  const checks = manifests.flatMap(({ metadata, healthCheck }) =>
    healthCheck ? [{ app: metadata.name, ...healthCheck }] : [],
  );
  if (checks.length > 0) await upsert(connection, 'health_checks', HEALTH_CHECK_COLUMNS, checks);
  const unchecked = manifests.filter(({ healthCheck }) => !healthCheck).map(({ metadata }) => metadata.name);
  if (unchecked.length > 0)
    await connection.query(
      'DELETE FROM health_checks WHERE app_name IN (SELECT json_array_elements_text(?))',
      [toJson(unchecked)],
    );
}

function scalingRow({ metadata, scaling }: App): ScalingRow {
  const { weights, ...targets } = scaling;
  return {
    ...targets,
    app: metadata.name,
    cpuWeight: weights.cpu,
    memoryWeight: weights.memory,
    rpsWeight: weights.rps,
    latencyWeight: weights.latency,
    connectionWeight: weights.connection,
  };
}

async function upsert<Row>(
  connection: Connection,
  table: string,
  columns: Columns<Row>,
  rows: readonly Row[],
): Promise<void> {
  await connection.query(
    `INSERT INTO ${table} AS t (${list(columns)}) ${incoming(columns)}
     ON CONFLICT (app_name) DO UPDATE SET ${assignments(columns, 'EXCLUDED')}
     WHERE (${list(columns, 't.')}) IS DISTINCT FROM (${list(columns, 'EXCLUDED.')})`,
    [toJson(rows)],
  );
}
