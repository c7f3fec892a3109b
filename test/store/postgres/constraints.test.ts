import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { useDatabase } from '../../postgres.ts';
import { ROWS, type Values } from '../rows.ts';

/** What each constraint refuses, each alone enough. */
const REFUSED: [table: string, constraint: string, ...values: Values[]][] = [
  ['applications', 'valid_status', { status: "'paused'" }, { status: "''" }],
  ['applications', 'valid_mode', { mode: "'off'" }],
  ['applications', 'valid_replicas', { replicas: '-1' }],
  ['applications', 'valid_desired_replicas', { desired_replicas: '-1' }],
  ['applications', 'valid_scaled_replicas', { scaled_replicas: '-1' }],
  ['applications', 'valid_revision', { revision: '0' }],
  ['applications', 'valid_target', { target_revision: '1' }, { target_reason: "'Pinned'" }],
  ['applications', 'valid_target_reason', { target_revision: '1', target_reason: "'Whim'" }],
  ['instances', 'valid_status', { status: "'updating'" }],
  ['instances', 'valid_health_status', { health_status: "'ill'" }],
  ['instances', 'valid_replica_index', { replica_index: '-1' }],
  ['instances', 'valid_port', { port: '0' }, { port: '65536' }],
  ['instances', 'valid_failure_count', { failure_count: '-1' }],
  ['instances', 'valid_consecutive_failures', { consecutive_failures: '-1' }],
  ['instances', 'valid_cpu_percent', { cpu_percent: '-0.1' }],
  ['instances', 'valid_memory_percent', { memory_percent: '-0.1' }, { memory_percent: '100.1' }],
  ['events', 'valid_event_type', { event_type: "'party'" }],
  ['events', 'valid_event_category', { event_category: "'other'" }],
  ['events', 'valid_severity', { severity: "'fatal'" }],
  ['scaling_policies', 'valid_replica_bounds', { min_replicas: '6' }],
  ['scaling_policies', 'valid_min_replicas', { min_replicas: '-1' }],
  ['scaling_policies', 'valid_max_replicas', { min_replicas: '0', max_replicas: '0' }],
  ['scaling_policies', 'valid_thresholds', { scale_in_threshold_pct: '80' }],
  [
    'scaling_policies',
    'valid_percentages',
    { scale_out_threshold_pct: '101' },
    { scale_in_threshold_pct: '0' },
  ],
  [
    'scaling_policies',
    'valid_weights',
    ...['cpu', 'memory', 'rps', 'latency', 'connection'].map((metric) => ({ [`${metric}_weight`]: '-1' })),
  ],
  ['health_checks', 'valid_protocol', { protocol: "'UDP'" }],
  ['health_checks', 'valid_method', { method: "'PATCH'" }],
  ['health_checks', 'valid_port', { port: '0' }, { port: '65536' }],
  [
    'health_checks',
    'valid_timings',
    { initial_delay_seconds: '-1' },
    { period_seconds: '0' },
    { timeout_seconds: '0' },
    { failure_threshold: '0' },
    { success_threshold: '0' },
  ],
  ['revisions', 'valid_revision', { revision: '0' }],
  ['operations', 'valid_outcome', { outcome: "'maybe'", finished_at: 'now()' }],
  ['operations', 'valid_closure', { outcome: "'done'" }, { finished_at: 'now()' }],
  ['manifests', 'valid_status', { status: "'fine'" }],
  ['scaling_decisions', 'valid_current_replicas', { current_replicas: '-1' }],
  ['scaling_decisions', 'valid_desired_replicas', { desired_replicas: '-1', decision: "'scale_in'" }],
  [
    'scaling_decisions',
    'valid_decision',
    { decision: "'hold'" },
    { decision: "'scale_in'" },
    { desired_replicas: '1' },
    { desired_replicas: '0' },
    { decision: "'maybe'" },
  ],
  ['failures', 'valid_replica_index', { replica_index: '-1' }],
  ['failures', 'valid_revision', { revision: '0' }],
  ['leases', 'valid_epoch', { epoch: '0' }],
  [
    'leases',
    'valid_expiry',
    { expires_at: 'now()' },
    { acquired_at: 'now()', renewed_at: "now() - interval '1 second'" },
  ],
  ['events_compressed', 'valid_hour_bucket', { hour_bucket: "'2026-01-01T12:30:00Z'" }],
  ['events_compressed', 'valid_event_count', { event_count: '0' }],
  ['events_compressed', 'valid_sample_messages', { sample_messages: "array_fill('m'::text, ARRAY[6])" }],
  [
    'retention_periods',
    'valid_keep',
    ...["'0'", "'-1 day'"].map((keep) => ({ table_name: "'nothing'", keep })),
  ],
  ...metrics('metrics', 'valid_metric_type', { metric_type: "'mood'" }, { metric_type: "''" }),
  ...metrics('metrics', 'valid_app_name', { app_name: 'NULL' }),
  ...metrics('metrics', 'valid_value', { value: "'NaN'" }, { value: "'Infinity'" }, { value: "'-Infinity'" }),
  // Into `metrics` itself such a row finds no partition.
  ...metrics('metrics_instance_default', 'valid_aggregation_level', { aggregation_level: "'cluster'" }),
];

/** Their app_name may be NULL, but not at every level, so that it is no column that every row needs. */
function metrics(
  table: string,
  constraint: string,
  ...values: Values[]
): [table: string, constraint: string, ...values: Values[]][] {
  const row = { id: '1', app_name: "'web'", metric_type: "'rps'", value: '1' };
  return [[table, constraint, ...values.map((some) => ({ ...row, ...some }))]];
}

describe('constraints', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(async () => {
    database = new Database(testDatabase().url);
    await database.query("INSERT INTO applications (name, spec) VALUES ('web', '{}')");
  });
  after(async () => await database.close());

  /** The name of the constraint, or the column, that refuses a row; undefined when nothing does. */
  async function refusal(table: string, values: Values): Promise<string | undefined> {
    const row = { ...ROWS[table], ...values };
    const insert = `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`;
    const rolledBack = new Error('accepted');
    try {
      await database.transaction(async (connection) => {
        await connection.query(insert);
        throw rolledBack;
      });
    } catch (error) {
      if (error === rolledBack) return undefined;
      const { constraint, column } = error as { constraint?: string; column?: string };
      return constraint ?? column ?? String(error);
    }
    return undefined;
  }

  for (const [table, values] of Object.entries(ROWS))
    it(`let ${table} hold a row that gives only what has no default`, async () => {
      expect(await refusal(table, {})).to.equal(undefined);
      for (const column of Object.keys(values))
        expect(await refusal(table, { [column]: 'NULL' })).to.equal(column);
    });

  for (const [table, constraint, ...cases] of REFUSED)
    it(`${constraint} of ${table} refuses ${cases.map((values) => JSON.stringify(values)).join(' and ')}`, async () => {
      for (const values of cases)
        expect(await refusal(table, values), JSON.stringify(values)).to.equal(constraint);
    });

  it('refuse a metric of an unknown level, and a second capsule of one container', async () => {
    const sqlState = async (table: string, values: Values) => {
      const insert = `INSERT INTO ${table} (${Object.keys(values).join(', ')}) VALUES (${Object.values(values).join(', ')})`;
      return await database.query(insert).then(
        () => 'accepted',
        (error: Error & { code?: string }) => error.code,
      );
    };
    const metric = { app_name: "'web'", metric_type: "'rps'", value: '1', aggregation_level: "'cluster'" };
    expect(await sqlState('metrics', metric)).to.equal('23514');
    const capsule = { ...ROWS['failures'], container_id: "'c1'" };
    expect(await sqlState('failures', capsule)).to.equal('accepted');
    expect(await sqlState('failures', capsule)).to.equal('23505');
  });

  it('are all tested', async () => {
    const rows = await database.query<{ name: string }>(
      `SELECT relname || '.' || conname AS name FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
       WHERE contype = 'c' AND conname LIKE 'valid%' AND NOT relispartition ORDER BY 1`,
    );
    const tested = REFUSED.map(
      ([table, constraint]) => `${table.replace('_instance_default', '')}.${constraint}`,
    );
    expect(tested).to.have.members(rows.map(({ name }) => name));
  });

  it('leave no column with a default that takes NULL, for NULL passes every check', async () => {
    const columns = await database.query(
      `SELECT table_name, column_name FROM information_schema.columns
       WHERE table_schema = current_schema() AND column_default IS NOT NULL AND is_nullable = 'YES'
         AND table_name NOT LIKE 'knex%' AND table_name IN
           (SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')`,
    );
    expect(columns).to.deep.equal([]);
  });

  it('allow an instance that is about to be created, without container, address and port', async () => {
    const [row] = await database.query(
      `INSERT INTO instances (app_name, container_name, replica_index) VALUES ('web', 'web-7-r1-1', 7)
       RETURNING container_id, ip, port, status`,
    );
    expect(row).to.deep.equal({ container_id: null, ip: null, port: null, status: 'starting' });
  });

  it('keep byte counts above 16 MiB exact', async () => {
    const [row] = await database.query(
      `UPDATE instances SET memory_usage_bytes = 16777217, cpu_percent = 33.3
       WHERE app_name = 'web' RETURNING memory_usage_bytes, cpu_percent`,
    );
    expect(row).to.deep.equal({ memory_usage_bytes: 16_777_217, cpu_percent: 33.3 });
  });

  for (const table of ['applications', 'instances', 'scaling_policies', 'health_checks', 'manifests'])
    it(`updated_at of ${table} is when the row last changed`, async () => {
      const row = ROWS[table] ?? {};
      const insert = `INSERT INTO ${table} (${Object.keys(row).join(', ')}, created_at, updated_at)
        VALUES (${Object.values(row).join(', ')}, '2020-01-01', '2020-01-01') RETURNING created_at, updated_at`;
      await database.transaction(async (connection) => {
        await connection.query(insert);
        const [changed] = await connection.query<{ fresh: boolean }>(
          `UPDATE ${table} SET created_at = '2021-01-01' WHERE created_at < '2021-01-01'
           RETURNING updated_at = now() AS fresh`,
        );
        expect(changed).to.deep.equal({ fresh: true });
        await connection.query(`DELETE FROM ${table} WHERE created_at = '2021-01-01'`);
      });
    });
});
