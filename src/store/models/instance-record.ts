import type { HealthWord, InstanceWord } from '../store.ts';
import { epochSeconds, epochSecondsOrNull, momentOf, momentOrNull, type StoredMoment } from './moment.ts';

/** A row of `instances`, as far as a record of it goes. */
export interface InstanceRecordRow {
  id: number;
  app_name: string;
  container_id: string | null;
  container_name: string;
  replica_index: number;
  ip: string | null;
  port: number | null;
  status: InstanceWord;
  health_status: HealthWord;
  created_at: StoredMoment;
  updated_at: StoredMoment;
  started_at: StoredMoment | null;
  last_health_check: StoredMoment | null;
  failure_count: number;
  consecutive_failures: number;
  last_failure_at: StoredMoment | null;
  cpu_percent: number;
  memory_percent: number;
  memory_usage_bytes: number;
}

/** As many failed checks in a row leave an instance unhealthy, and as many out of traffic. */
const UNHEALTHY_FAILURES = 3;
const TRAFFIC_FAILURES = 5;

/** One container of an application. */
export class InstanceRecord {
  readonly id: number;
  readonly appName: string;
  /** Null until Docker has made the container. */
  readonly containerId: string | null;
  readonly containerName: string;
  readonly replicaIndex: number;
  /** Null until it was observed. */
  readonly ip: string | null;
  /** The app's first port; null when it has none. */
  readonly port: number | null;
  readonly status: InstanceWord;
  readonly healthStatus: HealthWord;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly lastHealthCheck: Date | null;
  readonly failureCount: number;
  readonly consecutiveFailures: number;
  readonly lastFailureAt: Date | null;
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly memoryUsageBytes: number;

  static fromDbRow(row: InstanceRecordRow): InstanceRecord {
    return new InstanceRecord(row);
  }

  private constructor(row: InstanceRecordRow) {
    this.id = row.id;
    this.appName = row.app_name;
    this.containerId = row.container_id;
    this.containerName = row.container_name;
    this.replicaIndex = row.replica_index;
    this.ip = row.ip;
    this.port = row.port;
    this.status = row.status;
    this.healthStatus = row.health_status;
    this.createdAt = momentOf(row.created_at);
    this.updatedAt = momentOf(row.updated_at);
    this.startedAt = momentOrNull(row.started_at);
    this.lastHealthCheck = momentOrNull(row.last_health_check);
    this.failureCount = row.failure_count;
    this.consecutiveFailures = row.consecutive_failures;
    this.lastFailureAt = momentOrNull(row.last_failure_at);
    this.cpuPercent = row.cpu_percent;
    this.memoryPercent = row.memory_percent;
    this.memoryUsageBytes = row.memory_usage_bytes;
  }

  isHealthy(): boolean {
    return (
      this.status === 'running' &&
      this.healthStatus === 'healthy' &&
      this.consecutiveFailures < UNHEALTHY_FAILURES
    );
  }

  isReadyForTraffic(): boolean {
    return (
      this.status === 'running' &&
      ['healthy', 'starting'].includes(this.healthStatus) &&
      this.consecutiveFailures < TRAFFIC_FAILURES
    );
  }

  /** With the columns' names; moments are seconds since 1970. */
  toJSON(): object {
    return {
      id: this.id,
      app_name: this.appName,
      container_id: this.containerId,
      container_name: this.containerName,
      replica_index: this.replicaIndex,
      ip: this.ip,
      port: this.port,
      status: this.status,
      health_status: this.healthStatus,
      created_at: epochSeconds(this.createdAt),
      updated_at: epochSeconds(this.updatedAt),
      started_at: epochSecondsOrNull(this.startedAt),
      last_health_check: epochSecondsOrNull(this.lastHealthCheck),
      failure_count: this.failureCount,
      consecutive_failures: this.consecutiveFailures,
      last_failure_at: epochSecondsOrNull(this.lastFailureAt),
      cpu_percent: this.cpuPercent,
      memory_percent: this.memoryPercent,
      memory_usage_bytes: this.memoryUsageBytes,
    };
  }
}
