import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { listEvents, listRevisions } from '../../../src/store/read.ts';
import { isStoreUnavailable, type OperationClosure } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { useDatabase } from '../../postgres.ts';
import type { StoreHost } from '../contract/host.ts';
import { storeContract } from '../contract.ts';
import { changes, declaration, event, instance, manifest } from '../records.ts';

const TABLES = 'applications, instances, revisions, operations, manifests, scaling_policies, health_checks';

function hostOf(database: Database): StoreHost {
  let seen = '';
  return {
    store: new PostgresStore(database),
    revisions: async (app) =>
      (await listRevisions(database, app)).map(({ revision, spec_hash: specHash }) => ({
        revision,
        specHash,
      })),
    events: async () =>
      (await listEvents(database)).map(({ reason, app_name: appName, message, details }) => ({
        reason,
        appName,
        message,
        details,
      })),
    removed: async (app) =>
      (
        await database.query<{ container_id: string | null }>(
          'SELECT container_id FROM instances WHERE app_name = ? AND removed_at IS NOT NULL ORDER BY id',
          [app],
        )
      ).map(({ container_id: id }) => id),
    outcome: async (id) => {
      const [row] = await database.query<Omit<OperationClosure, 'id'>>(
        'SELECT outcome, container_id AS "containerId", error FROM operations WHERE id = ? AND outcome IS NOT NULL',
        [id],
      );
      return row;
    },
    touched: async () => {
      const last = seen;
      // `xmin` is the transaction that wrote a row, be it with the same values.
      const [row] = await database.query<{ versions: string }>(
        `SELECT (SELECT string_agg(xmin::text, ',' ORDER BY name) FROM applications) || ';' ||
                (SELECT string_agg(xmin::text, ',' ORDER BY id) FROM instances) AS versions`,
      );
      seen = row?.versions ?? '';
      return seen !== last;
    },
  };
}

describe('PostgresStore', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(() => {
    database = new Database(testDatabase().url);
  });
  after(async () => await database.close());

  describe('as a store', () => {
    storeContract(async () => {
      await database.transaction(async (connection) => {
        await connection.query("SELECT set_config('autoserve.retention', 'on', true)");
        await connection.query(`TRUNCATE ${TABLES}, events`);
      });
      return hostOf(database);
    });
  });

  it('keeps scaling policy and health check as the manifest says them', async () => {
    const store = new PostgresStore(database);
    const root = {
      scaling: { minReplicas: 2, maxReplicas: 8, maxCPUPercent: 62.5, weights: { rps: 0 } },
      healthCheck: {
        path: '/health',
        headers: [{ name: 'X-Probe', value: '1' }],
        expectedStatusCodes: [200, 204],
      },
    };
    await store.applySync(changes({ applications: [declaration('policed', { root })] }));
    const rows = (table: string) =>
      database.query<Record<string, unknown>>(`SELECT * FROM ${table} WHERE app_name = 'policed'`);
    const [policy] = await rows('scaling_policies');
    expect(policy).to.deep.include({
      min_replicas: 2,
      max_replicas: 8,
      max_cpu_percent: 62.5,
      max_memory_percent: 75,
      target_rps_per_replica: 50,
      scale_in_threshold_pct: 30,
      rps_weight: 0,
      latency_weight: 1.5,
    });
    const [check] = await rows('health_checks');
    expect(check).to.deep.include({
      path: '/health',
      port: 8080,
      headers: [{ name: 'X-Probe', value: '1' }],
      expected_status_codes: [200, 204],
      period_seconds: 30,
    });
    const changed = { scaling: { maxReplicas: 3 } };
    await store.applySync(changes({ applications: [declaration('policed', { root: changed })] }));
    expect((await rows('scaling_policies'))[0]).to.deep.include({ min_replicas: 1, max_replicas: 3 });
    expect(await rows('health_checks')).to.deep.equal([]);
  });

  it('stores text that JSON in PostgreSQL cannot hold, with what it cannot hold replaced', async () => {
    const message = 'nul \u0000 and half a pair \ud83d, but \ud83d\ude00 is whole';
    await new PostgresStore(database).appendEvents([
      event('OddText', { message, details: { log: message } }),
    ]);
    const odd = (await listEvents(database)).find(({ reason }) => reason === 'OddText');
    const stored = 'nul \ufffd and half a pair \ufffd, but \ud83d\ude00 is whole';
    expect(odd).to.deep.include({ message: stored, details: { log: stored } });
  });

  it('applies a sync as a whole or not at all', async () => {
    const store = new PostgresStore(database);
    const bad = { ...declaration('half-bad'), manifest: manifest('half-bad') };
    Object.assign(bad.manifest.scaling, { maxReplicas: 0, minReplicas: 0 });
    const refusal = await store
      .applySync(changes({ applications: [declaration('half-good'), bad], events: [event('HalfWay')] }))
      .catch((error: Error) => error.message);
    expect(refusal).to.match(/valid_max_replicas/);
    const { applications } = await store.loadWorld();
    expect(applications.filter(({ name }) => name.startsWith('half-'))).to.deep.equal([]);
    expect((await listEvents(database)).filter(({ reason }) => reason === 'HalfWay')).to.deep.equal([]);
  });

  it('reads the world, and writes the status of forty instances, in one statement each', async () => {
    const store = new PostgresStore(database);
    await store.applySync(changes({ applications: [declaration('many')] }));
    const forty = Array.from({ length: 40 }, (_, replicaIndex) =>
      instance('many', { containerName: `many-${replicaIndex}-r1-1`, replicaIndex }),
    );
    const statements: string[] = [];
    const counting = new Database(testDatabase().url);
    const query = counting.query.bind(counting);
    counting.query = async (sql, bindings) => {
      statements.push(sql);
      return await query(sql, bindings);
    };
    try {
      const counted = new PostgresStore(counting);
      await counted.writeStatus([], forty);
      expect(statements).to.have.length(1);
      expect(
        (await counted.loadWorld()).instances.filter(({ appName }) => appName === 'many'),
      ).to.have.length(40);
      expect(statements).to.have.length(2);
    } finally {
      await counting.close();
    }
  });

  describe('whose database does not answer', () => {
    const outcome = async (work: () => Promise<unknown>): Promise<string> => {
      try {
        await work();
        return 'done';
      } catch (error) {
        return isStoreUnavailable(error) ? 'StoreUnavailable' : String(error);
      }
    };

    it('throws StoreUnavailable while nothing listens', async () => {
      const away = new Database('postgresql://autoserve:x@127.0.0.1:1/autoserve');
      const store = new PostgresStore(away);
      expect(await outcome(() => store.loadWorld())).to.equal('StoreUnavailable');
      expect(await outcome(() => store.applySync(changes({})))).to.equal('StoreUnavailable');
      await away.close();
    });

    it('throws StoreUnavailable when the server ends its connection, then works again', async () => {
      const store = new PostgresStore(database);
      await database.transaction(async (connection) => {
        await connection.query('LOCK TABLE applications');
        const waiting = outcome(() => store.loadWorld());
        await eventually(async () => {
          const ended = await database.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          expect(ended).to.have.length(1);
        });
        expect(await waiting).to.equal('StoreUnavailable');
      });
      expect(await outcome(() => store.loadWorld())).to.equal('done');
    });

    it('throws what the database refuses as it is', async () => {
      const store = new PostgresStore(database);
      expect(await outcome(() => store.appendEvents([event('x'.repeat(200))]))).to.match(/too long/);
    });
  });
});
