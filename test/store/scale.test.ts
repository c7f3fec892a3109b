import { expect } from 'chai';
import { wantedReplicas } from '../../src/controllers/application/desired.ts';
import { listenForCommands, type Command } from '../../src/store/command.ts';
import { Database } from '../../src/store/database.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { listEvents } from '../../src/store/read.ts';
import { lastScaledByHand, scaleByHand } from '../../src/store/scale.ts';
import { eventually } from '../eventually.ts';
import { useDatabase } from '../postgres.ts';
import { applicationOf } from './contract/host.ts';
import { changes, declaration, NOW } from './records.ts';

describe('a count that is set by hand', () => {
  const testDatabase = useDatabase();
  let database: Database;
  let store: PostgresStore;

  before(() => {
    database = new Database(testDatabase().url);
    store = new PostgresStore(database);
  });
  after(async () => await database.close());

  const declare = async (
    name: string,
    scaling: Record<string, unknown>,
    specHash = 'hash-1',
  ): Promise<void> => {
    await store.applySync(changes({ applications: [declaration(name, { specHash, root: { scaling } })] }));
  };
  const manual = { mode: 'manual', replicas: 3 };
  const wanted = async (name: string): Promise<number> => wantedReplicas(await applicationOf(store, name));

  it('is kept, and told with what it was and what the manifest says', async () => {
    await declare('web', manual);
    expect(await scaleByHand(database, 'web', 5)).to.deep.equal({
      outcome: 'scaled',
      declared: 3,
      suspended: false,
    });
    expect(await scaleByHand(database, 'web', 5)).to.include({ outcome: 'unchanged' });
    expect(await wanted('web')).to.equal(5);
    const [told, ...more] = await listEvents(database, 'web');
    expect(more).to.deep.equal([]);
    expect(told).to.deep.include({
      event_type: 'scaling',
      reason: 'ScaledByHand',
      message: '3 to 5 instances; the manifest says 3',
      details: { from: 3, to: 5, declared: 3 },
      source: 'cli',
    });
    expect(await lastScaledByHand(database, await applicationOf(store, 'web'))).to.deep.equal({
      at: new Date(told?.timestamp ?? ''),
      from: 3,
      to: 5,
    });
  });

  it('holds until the scaling of the manifest changes', async () => {
    await declare('kept', manual);
    await scaleByHand(database, 'kept', 5);
    await declare('kept', manual, 'hash-2');
    expect(await wanted('kept')).to.equal(5);
    await declare('kept', { ...manual, replicas: 4 }, 'hash-2');
    expect(await wanted('kept')).to.equal(4);
  });

  it("ends with the manifest's own", async () => {
    await declare('back', manual);
    await scaleByHand(database, 'back', 0);
    expect(await wanted('back')).to.equal(0);
    await scaleByHand(database, 'back', 3);
    expect((await applicationOf(store, 'back')).scaledReplicas).to.equal(null);
    const messages = (await listEvents(database, 'back')).map(({ message }) => message);
    expect(messages).to.deep.equal([
      '3 to 0 instances; the manifest says 3',
      '0 to 3 instances, as the manifest says',
    ]);
  });

  it('is refused where the scaler owns the count, above maxReplicas, and of what is not there', async () => {
    await declare('auto', {});
    await declare('many', { mode: 'manual', replicas: 8 });
    await declare('gone', manual);
    await store.applySync(changes({ deletions: [{ name: 'gone', requestedAt: NOW }] }));
    const outcome = async (name: string, count: number): Promise<object> =>
      await scaleByHand(database, name, count);
    expect(await outcome('auto', 2)).to.deep.equal({ outcome: 'auto', sourcePath: 'auto.yaml' });
    expect(await outcome('web', 6)).to.deep.equal({
      outcome: 'tooMany',
      most: 5,
      sourcePath: 'web.yaml',
    });
    expect(await outcome('many', 9)).to.include({ outcome: 'tooMany', most: 8 });
    expect(await outcome('many', 7)).to.include({ outcome: 'scaled' });
    expect(await outcome('gone', 2)).to.deep.equal({ outcome: 'noSuchApp' });
    expect(await outcome('never', 2)).to.deep.equal({ outcome: 'noSuchApp' });
    expect(await listEvents(database, 'auto')).to.deep.equal([]);
  });

  it('has the running AutoServe look at the app', async () => {
    await declare('heard', manual);
    const heard: Command[] = [];
    const listening = listenForCommands(testDatabase().url, (command) => heard.push(command));
    let count = 0;
    try {
      // Until it listens, nothing is heard.
      await eventually(async () => {
        count = count === 1 ? 2 : 1;
        await scaleByHand(database, 'heard', count);
        expect(heard).to.deep.include({ kind: 'reconcile', app: 'heard' });
      });
    } finally {
      await listening.close();
    }
  });
});
