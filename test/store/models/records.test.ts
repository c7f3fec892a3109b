import { expect } from 'chai';
import { AppRecord } from '../../../src/store/models/app-record.ts';
import { EventRecord } from '../../../src/store/models/event-record.ts';
import { InstanceRecord, type InstanceRecordRow } from '../../../src/store/models/instance-record.ts';
import { manifest } from '../records.ts';

const MOMENT = new Date('2026-01-01T12:00:00.250Z');
const SECONDS = 1_767_268_800.25;

const instanceRow: InstanceRecordRow = {
  id: 7,
  app_name: 'web',
  container_id: null,
  container_name: 'web-0-r1-1',
  replica_index: 0,
  ip: null,
  port: null,
  status: 'running',
  health_status: 'healthy',
  created_at: MOMENT,
  updated_at: MOMENT.toISOString(),
  started_at: MOMENT,
  last_health_check: null,
  failure_count: 9,
  consecutive_failures: 0,
  last_failure_at: null,
  cpu_percent: 12.5,
  memory_percent: 30,
  memory_usage_bytes: 16_777_217,
};

describe('records', () => {
  it('of applications have the row in our spelling, and the columns in JSON', () => {
    const spec = manifest('web');
    const row = {
      name: 'web',
      spec,
      status: 'running',
      created_at: MOMENT,
      updated_at: MOMENT,
      replicas: 1,
      desired_replicas: 2,
      last_scaled_at: null,
      mode: 'manual',
    } as const;
    const record = AppRecord.fromDbRow(row);
    expect(record).to.deep.include({ name: 'web', spec, desiredReplicas: 2, createdAt: MOMENT });
    expect(JSON.parse(JSON.stringify(record))).to.deep.equal({
      ...row,
      created_at: SECONDS,
      updated_at: SECONDS,
    });
  });

  it('of instances take moments from the driver and from JSON, and have the columns in JSON', () => {
    const record = InstanceRecord.fromDbRow(instanceRow);
    expect(record).to.deep.include({ updatedAt: MOMENT, startedAt: MOMENT, lastHealthCheck: null });
    expect(JSON.parse(JSON.stringify(record))).to.deep.equal({
      ...instanceRow,
      created_at: SECONDS,
      updated_at: SECONDS,
      started_at: SECONDS,
    });
  });

  it('of events have the columns in JSON', () => {
    const row = {
      id: 1,
      event_type: 'scaling',
      event_category: 'application',
      app_name: 'web',
      container_id: null,
      message: 'm',
      details: { from: 2, to: 5 },
      severity: 'info',
      timestamp: MOMENT,
      source: 'controller',
      node_id: null,
    } as const;
    const record = EventRecord.fromDbRow(row);
    expect(record).to.deep.include({ eventType: 'scaling', timestamp: MOMENT });
    expect(JSON.parse(JSON.stringify(record))).to.deep.equal({ ...row, timestamp: SECONDS });
  });

  const of = (some: Partial<InstanceRecordRow>) => InstanceRecord.fromDbRow({ ...instanceRow, ...some });
  const cases: [some: Partial<InstanceRecordRow>, healthy: boolean, ready: boolean][] = [
    [{}, true, true],
    [{ consecutive_failures: 2 }, true, true],
    [{ consecutive_failures: 3 }, false, true],
    [{ consecutive_failures: 5 }, false, false],
    [{ health_status: 'starting' }, false, true],
    [{ health_status: 'unhealthy' }, false, false],
    [{ health_status: 'unknown' }, false, false],
    [{ status: 'draining' }, false, false],
    [{ status: 'starting' }, false, false],
  ];
  for (const [some, healthy, ready] of cases)
    it(`say that an instance with ${JSON.stringify(some)} is ${healthy ? '' : 'not '}healthy and ${ready ? '' : 'not '}ready for traffic`, () => {
      expect(of(some).isHealthy()).to.equal(healthy);
      expect(of(some).isReadyForTraffic()).to.equal(ready);
    });
});
