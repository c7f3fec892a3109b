import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { UNCHECKED } from '../../../src/store/instance-health.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { useDatabase } from '../../postgres.ts';
import { changes, declaration, instance, NOW } from '../records.ts';

describe('health in PostgreSQL', () => {
  const testDatabase = useDatabase();
  let database: Database;
  let store: PostgresStore;
  const healthy = (containerId: string) => ({
    ...UNCHECKED,
    containerId,
    healthStatus: 'healthy' as const,
    healthSince: NOW,
    lastHealthCheck: NOW,
    lastProbes: [{ at: NOW.toISOString(), ok: true, code: 200, latencyMs: 3, message: '200' }],
  });

  before(async () => {
    database = new Database(testDatabase().url);
    store = new PostgresStore(database);
    await store.applySync(changes({ applications: [declaration('web')] }));
    await store.writeStatus(
      [],
      [0, 1].map((replicaIndex) =>
        instance('web', {
          containerName: `web-${replicaIndex}-r1-1`,
          replicaIndex,
          containerId: `c${replicaIndex}`,
        }),
      ),
    );
  });
  after(async () => await database.close());

  it('waits for no row that another write has in hand, and says which rows were left for later', async () => {
    await database.transaction(async (connection) => {
      await connection.query("SELECT FROM instances WHERE container_id = 'c0' FOR UPDATE");
      expect(await store.writeHealth([healthy('c0'), healthy('c1')])).to.deep.equal(['c1']);
    });
    expect(await store.writeHealth([healthy('c0')])).to.deep.equal(['c0']);
  });

  it('is read from instance_status, the last probe in words', async () => {
    await store.writeHealth([healthy('c0')]);
    const [row] = await database.query<Record<string, unknown>>(
      "SELECT * FROM instance_status WHERE container_id = 'c0'",
    );
    expect(row).to.deep.include({
      health_status: 'healthy',
      health_since: NOW,
      failure_count: 0,
      consecutive_failures: 0,
      last_health_check: NOW,
      last_probe: '200',
    });
  });
});
