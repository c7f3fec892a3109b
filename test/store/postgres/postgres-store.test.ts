import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import type { CapsuleRecord } from '../../../src/store/failure.ts';
import { listen } from '../../../src/store/listen.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { noticeOf, type PullNotice } from '../../../src/store/pull-notice.ts';
import { listEvents, listRevisions, type FailureRow } from '../../../src/store/read.ts';
import { pinRevision, retryApplication } from '../../../src/store/rollouts.ts';
import { isStoreUnavailable, type OperationClosure } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { useDatabase } from '../../postgres.ts';
import type { StoreHost } from '../contract/host.ts';
import { storeContract } from '../contract.ts';
import { changes, declaration, event, instance, manifest } from '../records.ts';

const WAITING_FOR_LOCKS = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;
const TABLES =
  'applications, instances, revisions, operations, manifests, scaling_policies, health_checks, failures';

/** Listens from before the work until after it. */
async function hear(url: string, database: Database, work: () => Promise<void>): Promise<PullNotice[]> {
  const payloads: (string | null)[] = [];
  const listening = listen(url, 'autoserve', (payload) => payloads.push(payload));
  try {
    await eventually(() => expect(payloads).to.include(null));
    await work();
    await database.query("SELECT pg_notify('autoserve', 'the end')");
    await eventually(() => expect(payloads).to.include('the end'));
  } finally {
    await listening.close();
  }
  return payloads.flatMap((payload) => noticeOf(payload ?? '') ?? []);
}

function hostOf(url: string, database: Database): StoreHost {
  let seen = '';
  return {
    store: new PostgresStore(database),
    revisions: async (app) =>
      (await listRevisions(database, app)).map((row) => ({
        revision: row.revision,
        specHash: row.spec_hash,
        manifest: row.spec,
        imageId: row.image_id,
        imageDigest: row.image_digest,
        stable: row.stable,
        quarantined: row.quarantined,
      })),
    pin: async (app, revision) => void (await pinRevision(database, app, revision)),
    retry: async (app) => void (await retryApplication(database, app)),
    heard: (work) => hear(url, database, work),
    events: async () =>
      (await listEvents(database)).map(({ reason, app_name: appName, message, details }) => ({
        reason,
        appName,
        message,
        details,
      })),
    failures: async () => {
      const rows = await database.query<FailureRow & { started_at: Date; failed_at: Date }>(
        'SELECT * FROM failures ORDER BY id',
      );
      return rows.map((row) => ({
        appName: row.app_name,
        appUid: row.app_uid,
        containerName: row.container_name,
        containerId: row.container_id ?? '',
        replicaIndex: row.replica_index,
        revision: row.revision,
        startedAt: row.started_at,
        failedAt: row.failed_at,
        reason: row.reason as CapsuleRecord['reason'],
        message: row.message,
        exitCode: row.exit_code,
        oomKilled: row.oom_killed,
        logs: row.logs,
        logError: row.log_error,
        probes: row.probes,
        stableRevision: row.stable_revision,
        changes: row.changes,
      }));
    },
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
      return hostOf(testDatabase().url, database);
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

  it('takes a row for removed that another statement removes while it writes', async () => {
    const store = new PostgresStore(database);
    await store.applySync(changes({ applications: [declaration('raced')] }));
    const row = instance('raced', { containerId: 'raced-1', status: 'running' });
    await store.writeStatus([], [row]);
    let writing: Promise<void> | undefined;
    await database.transaction(async (connection) => {
      await connection.query("UPDATE instances SET removed_at = now() WHERE container_id = 'raced-1'");
      writing = store.writeStatus([], [{ ...row, ip: '10.0.0.9' }]);
      await eventually(async () => expect(await database.query(WAITING_FOR_LOCKS)).to.have.length(1));
    });
    await writing;
    const { instances } = await store.loadWorld();
    expect(instances.filter(({ appName }) => appName === 'raced')).to.deep.equal([]);
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
            `SELECT pg_terminate_backend(pid) FROM (${WAITING_FOR_LOCKS}) waiting`,
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
