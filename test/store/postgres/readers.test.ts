import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { listen, type Listening } from '../../../src/store/listen.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import {
  listApplications,
  listEvents,
  listInstances,
  listManifests,
  listRevisions,
} from '../../../src/store/read.ts';
import { eventually } from '../../eventually.ts';
import { useDatabase } from '../../postgres.ts';
import {
  changes,
  declaration,
  deletion,
  event,
  instance,
  manifestRecord,
  NOW,
  statusOf,
} from '../records.ts';
import { applicationOf } from '../contract/host.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('what readers see', () => {
  const testDatabase = useDatabase();
  let database: Database;
  let store: PostgresStore;

  before(async () => {
    database = new Database(testDatabase().url);
    store = new PostgresStore(database);
    const applications = [declaration('web'), declaration('api')];
    const manifests = [manifestRecord('web.yaml')];
    await store.applySync(changes({ applications, manifests, events: [event('Registered')] }));
    const web = await applicationOf(store, 'web');
    const ready = { type: 'Ready', status: 'False', reason: 'Starting', message: '0 of 1' } as const;
    const conditions = [{ ...ready, lastTransitionTime: NOW.toISOString() }];
    await store.writeStatus(
      [statusOf(web, { status: 'starting', conditions })],
      [
        instance('web', { containerId: 'c1', ip: '172.18.0.7', status: 'running', startedAt: NOW }),
        instance('web', { containerName: 'web-1-r1-1', replicaIndex: 1 }),
      ],
    );
    await store.markRemoved(['c1'], NOW);
    await store.writeStatus([], [instance('web', { containerId: 'c2', ip: '172.18.0.8', startedAt: NOW })]);
  });
  after(async () => await database.close());

  it('is every column of an application under its name, ready for JSON', async () => {
    const rows = await listApplications(database);
    expect(rows.map(({ name }) => name)).to.deep.equal(['api', 'web']);
    const [web] = await listApplications(database, 'web');
    expect(web).to.deep.include({
      name: 'web',
      status: 'starting',
      mode: 'auto',
      generation: 1,
      suspended: false,
    });
    expect(web?.spec.spec.image).to.equal('demo-web:1');
    expect(web?.created_at).to.match(ISO);
    expect(JSON.parse(JSON.stringify(web))).to.deep.equal(web);
    expect(await listApplications(database, 'none')).to.deep.equal([]);
  });

  it('is the instances that are there', async () => {
    const rows = await listInstances(database);
    expect(rows.map(({ container_name: name }) => name)).to.deep.equal(['web-0-r1-1', 'web-1-r1-1']);
    expect(rows[0]).to.deep.include({ container_id: 'c2', ip: '172.18.0.8', started_at: NOW.toISOString() });
    expect(await listInstances(database, 'api')).to.deep.equal([]);
  });

  it('is the latest events, the oldest of them first', async () => {
    await store.appendEvents([1, 2, 3].map((count) => event(`Event${count}`, { appName: 'api' })));
    const reasons = async (...options: [string?, { limit?: number; after?: number }?]) =>
      (await listEvents(database, ...options)).map(({ reason }) => reason);
    expect(await reasons(undefined, { limit: 2 })).to.deep.equal(['Event2', 'Event3']);
    expect(await reasons('api')).to.deep.equal(['Event1', 'Event2', 'Event3']);
    const [first] = await listEvents(database, 'api');
    expect(await reasons(undefined, { after: first?.id ?? 0 })).to.deep.equal(['Event2', 'Event3']);
  });

  it('is manifests and revisions', async () => {
    expect((await listManifests(database))[0]).to.deep.include({
      path: 'web.yaml',
      apps: ['web'],
      errors: [],
    });
    const [revision] = await listRevisions(database, 'web');
    expect(revision).to.deep.include({
      app_name: 'web',
      revision: 1,
      stable: false,
      source_path: 'web.yaml',
    });
  });

  it('is the views, in SQL', async () => {
    const [web] = await database.query("SELECT * FROM app_status WHERE name = 'web'");
    expect(web).to.deep.include({
      image: 'demo-web:1',
      ready: 'False',
      reason: 'Starting',
      message: '0 of 1',
    });
    const instances = await database.query(
      'SELECT container_id, ip FROM instance_status ORDER BY replica_index',
    );
    expect(instances).to.deep.equal([
      { container_id: 'c2', ip: '172.18.0.8' },
      { container_id: null, ip: null },
    ]);
    await store.appendEvents([
      event('JustNow', { timestamp: new Date() }),
      event('LongAgo', { timestamp: NOW }),
    ]);
    const recent = await database.query('SELECT reason FROM recent_events LIMIT 1');
    expect(recent).to.deep.equal([{ reason: 'JustNow' }]);
  });

  describe('on channel autoserve', () => {
    const heard: Record<string, unknown>[] = [];
    let listening: Listening;

    before(async () => {
      let connected = false;
      listening = listen(testDatabase().url, 'autoserve', (payload) => {
        if (payload === null) connected = true;
        else heard.push(JSON.parse(payload) as Record<string, unknown>);
      });
      await eventually(() => expect(connected).to.equal(true));
    });
    beforeEach(() => heard.splice(0));
    after(async () => await listening.close());

    it('is every change of status', async () => {
      const web = await applicationOf(store, 'web');
      await store.writeStatus(
        [statusOf(web, { status: 'running', replicas: 1 })],
        [instance('web', { containerId: 'c2', ip: '172.18.0.8', status: 'running', startedAt: NOW })],
      );
      await eventually(() => expect(heard).to.have.length(2));
      expect(heard).to.deep.equal([
        {
          table: 'instances',
          operation: 'update',
          app_name: 'web',
          container_name: 'web-0-r1-1',
          status: 'running',
          health_status: 'unknown',
          removed: false,
        },
        {
          table: 'applications',
          operation: 'update',
          app_name: 'web',
          status: 'running',
          replicas: 1,
          desired_replicas: 1,
        },
      ]);
    });

    it('is that an application came or went, but not what readers do not see', async () => {
      const api = await applicationOf(store, 'api');
      await store.writeStatus([statusOf(api, { observedGeneration: 1 })], []);
      await store.applySync(changes({ applications: [declaration('new')] }));
      const { uid } = await applicationOf(store, 'new');
      await store.applySync(deletion('new'));
      await store.deleteApplication('new', uid, event('ApplicationDeleted', { appUid: uid }));
      await eventually(() => expect(heard).to.have.length(3));
      const said = heard.map(({ operation, app_name: name }) => `${String(operation)} ${String(name)}`);
      expect(said).to.deep.equal(['insert new', 'update new', 'delete new']);
    });
  });
});
