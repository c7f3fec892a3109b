import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { PostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { listEvents } from '../../../src/store/read.ts';
import { useDatabase } from '../../postgres.ts';
import { changes, declaration, deletion, event } from '../records.ts';
import { applicationOf } from '../contract/host.ts';

describe('events', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(() => {
    database = new Database(testDatabase().url);
  });
  after(async () => await database.close());

  for (const statement of [
    "UPDATE events SET message = 'nothing happened'",
    'DELETE FROM events',
    'DELETE FROM events WHERE false',
    'TRUNCATE events',
  ])
    it(`refuse ${statement}`, async () => {
      await new PostgresStore(database).appendEvents([event('Kept')]);
      const refusal = await database.query(statement).catch((error: Error) => error.message);
      expect(refusal).to.match(/events are an audit trail: (UPDATE|DELETE|TRUNCATE) is refused/);
      expect((await listEvents(database)).at(-1)).to.deep.include({ message: 'something happened' });
    });

  it('can be removed by retention, which says so for its own transaction', async () => {
    await new PostgresStore(database).appendEvents([event('Old')]);
    const remove = "DELETE FROM events WHERE reason = 'Old' RETURNING reason";
    const removed = await database.transaction(async (connection) => {
      await connection.query("SELECT set_config('autoserve.retention', 'on', true)");
      return await connection.query(remove);
    });
    expect(removed).to.deep.equal([{ reason: 'Old' }]);
    expect(await database.query(remove).catch((error: Error) => error.message)).to.match(/audit trail/);
  });

  it('outlive the application they are about', async () => {
    const store = new PostgresStore(database);
    await store.applySync(changes({ applications: [declaration('brief')] }));
    const { uid } = await applicationOf(store, 'brief');
    await store.appendEvents([event('Started', { appName: 'brief', appUid: uid })]);
    await store.applySync(deletion('brief'));
    await store.deleteApplication(
      'brief',
      uid,
      event('ApplicationDeleted', { appName: 'brief', appUid: uid }),
    );
    const left = await listEvents(database, 'brief');
    expect(left.map(({ reason, app_uid: of }) => [reason, of])).to.deep.equal([
      ['Started', uid],
      ['ApplicationDeleted', uid],
    ]);
  });
});
