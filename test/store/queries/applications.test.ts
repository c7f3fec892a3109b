import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { getAppsSummary, getAppWithInstances } from '../../../src/store/queries/applications.ts';
import { useDatabase } from '../../postgres.ts';
import { changes, declaration, instance, NOW, statusOf } from '../records.ts';
import { applicationOf } from '../contract/host.ts';

/** Counts what it sends. */
class Counting extends Database {
  queries = 0;

  override query<Row extends object>(...args: Parameters<Database['query']>): Promise<Row[]> {
    this.queries += 1;
    return super.query<Row>(...args);
  }
}

describe('queries of applications', () => {
  const testDatabase = useDatabase();
  let database: Counting;

  before(async () => {
    database = new Counting(testDatabase().url);
    const store = new PostgresStore(database);
    await store.applySync(changes({ applications: ['web', 'api', 'idle'].map((name) => declaration(name)) }));
    const web = await applicationOf(store, 'web');
    await store.writeStatus(
      [statusOf(web, { status: 'running', replicas: 2, desiredReplicas: 3 })],
      [
        instance('web', { containerId: 'c0', ip: '172.18.0.7', status: 'running', startedAt: NOW }),
        instance('web', { containerName: 'web-1-r1-1', replicaIndex: 1, status: 'running' }),
        instance('web', { containerName: 'web-2-r1-1', replicaIndex: 2, status: 'stopped' }),
        instance('web', { containerName: 'web-3-r1-1', replicaIndex: 3, containerId: 'gone' }),
        instance('api', { containerName: 'api-0-r1-1' }),
      ],
    );
    await store.markRemoved(['gone'], NOW);
    await database.query(
      "UPDATE instances SET cpu_percent = 10 * (replica_index + 1), memory_percent = 50, health_status = 'healthy' WHERE app_name = 'web'",
    );
  });
  beforeEach(() => (database.queries = 0));
  after(async () => await database.close());

  it('getAppWithInstances gives an application and its instances that have not stopped, in one query', async () => {
    const web = await getAppWithInstances(database, 'web');
    expect(database.queries).to.equal(1);
    expect(web?.app).to.deep.include({ name: 'web', status: 'running', desiredReplicas: 3 });
    expect(web?.app.createdAt).to.be.instanceOf(Date);
    expect(web?.instances.map(({ containerName }) => containerName)).to.deep.equal([
      'web-0-r1-1',
      'web-1-r1-1',
    ]);
    expect(web?.instances[0]).to.deep.include({
      appName: 'web',
      containerId: 'c0',
      ip: '172.18.0.7',
      port: 8080,
      startedAt: NOW,
      cpuPercent: 10,
    });
    expect(web?.instances[0]?.isHealthy()).to.equal(true);
  });

  it('getAppWithInstances tells an application without instances from none', async () => {
    expect((await getAppWithInstances(database, 'idle'))?.instances).to.deep.equal([]);
    expect(await getAppWithInstances(database, "x' OR true --")).to.equal(undefined);
  });

  it('getAppsSummary gives every application by name with what its instances come to, in one query', async () => {
    const summaries = await getAppsSummary(database);
    expect(database.queries).to.equal(1);
    expect(summaries.map(({ name }) => name)).to.deep.equal(['api', 'idle', 'web']);
    expect(summaries[2]).to.deep.include({
      status: 'running',
      replicas: 2,
      desired_replicas: 3,
      mode: 'auto',
      running_instances: 2,
      healthy_instances: 3,
      avg_cpu_percent: 15,
      avg_memory_percent: 50,
    });
    expect(summaries[2]?.created_at).to.be.instanceOf(Date);
    expect(summaries[1]).to.deep.include({
      running_instances: 0,
      healthy_instances: 0,
      avg_cpu_percent: null,
      avg_memory_percent: null,
      last_scaled_at: null,
    });
  });

  it('getAppsSummary gives those of a status', async () => {
    expect((await getAppsSummary(database, 'running')).map(({ name }) => name)).to.deep.equal(['web']);
    expect(await getAppsSummary(database, 'error')).to.deep.equal([]);
  });
});
