import { expect } from 'chai';
import { listenForCommands, type Command } from '../../src/store/command.ts';
import { Database } from '../../src/store/database.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { listApplications, listEvents, listRevisions, type ApplicationRow } from '../../src/store/read.ts';
import { pinRevision, retryApplication, setPaused } from '../../src/store/rollouts.ts';
import type { Rollout } from '../../src/controllers/rollout/rollout.ts';
import { eventually } from '../eventually.ts';
import { useDatabase } from '../postgres.ts';
import { applicationOf } from './contract/host.ts';
import { changes, declaration, deletion, event, NOW, statusOf } from './records.ts';

const at = NOW.toISOString();
const rollout = (revision: number, some: Partial<Rollout> = {}): Rollout => ({
  revision,
  startedAt: at,
  progressedAt: at,
  available: 1,
  outcome: 'complete',
  paused: false,
  reason: '',
  message: '',
  ...some,
});

describe('what the command line changes of rollouts', () => {
  const testDatabase = useDatabase();
  let database: Database;
  let store: PostgresStore;

  before(() => {
    database = new Database(testDatabase().url);
    store = new PostgresStore(database);
  });
  after(async () => await database.close());

  const declare = async (name: string, revision: number): Promise<void> => {
    await store.applySync(changes({ applications: [declaration(name, { specHash: `hash-${revision}` })] }));
  };
  const complete = async (name: string, revision: number): Promise<void> => {
    const status = statusOf(await applicationOf(store, name), { rollout: rollout(revision) });
    await store.writeStatus([status], []);
  };
  /** An app with revisions 1 and 2 rolled out, and 3 on its way. */
  const threeRevisions = async (name: string): Promise<void> => {
    for (const revision of [1, 2, 3]) {
      await declare(name, revision);
      if (revision < 3) await complete(name, revision);
    }
  };
  const rowOf = async (name: string): Promise<ApplicationRow> => {
    const [row] = await listApplications(database, name);
    if (!row) throw new Error(`no application ${name}`);
    return row;
  };
  const reasons = async (name: string): Promise<string[]> =>
    (await listEvents(database, name)).map(({ reason }) => reason);

  it('pins the latest earlier revision that was complete, and then the one before it', async () => {
    await threeRevisions('back');
    expect(await pinRevision(database, 'back', 'previous')).to.deep.equal({
      outcome: 'pinned',
      revision: 2,
      wanted: 3,
    });
    expect(await rowOf('back')).to.include({ revision: 3, target_revision: 2, target_reason: 'Pinned' });
    expect(await pinRevision(database, 'back', 'previous')).to.include({ revision: 1 });
    expect(await pinRevision(database, 'back', 'previous')).to.deep.equal({ outcome: 'noSuchRevision' });
    expect(await rowOf('back')).to.include({ target_revision: 1 });
    const [first] = await listEvents(database, 'back');
    expect(first).to.include({
      reason: 'Pinned',
      source: 'cli',
      message: 'pinned to revision 2; the manifest wants 3',
    });
  });

  it('pins a revision once, and follows the manifest again when its own is asked for', async () => {
    await threeRevisions('there');
    const ask = async (revision: number): Promise<string> =>
      (await pinRevision(database, 'there', revision)).outcome;
    expect(await ask(3)).to.equal('unchanged');
    expect(await ask(1)).to.equal('pinned');
    expect(await ask(1)).to.equal('unchanged');
    expect(await ask(9)).to.equal('noSuchRevision');
    expect(await ask(3)).to.equal('unpinned');
    expect(await rowOf('there')).to.include({ target_revision: null, target_reason: null });
    expect(await reasons('there')).to.deep.equal(['Pinned', 'Unpinned']);
  });

  it('knows no revisions of an app of that name that was deleted', async () => {
    await threeRevisions('twice');
    const { uid } = await applicationOf(store, 'twice');
    await store.applySync(deletion('twice'));
    await store.deleteApplication('twice', uid, event('ApplicationDeleted', { appUid: uid }));
    await declare('twice', 1);
    expect(await pinRevision(database, 'twice', 2)).to.deep.equal({ outcome: 'noSuchRevision' });
  });

  it('pauses and resumes, each once', async () => {
    await declare('calm', 1);
    expect(await setPaused(database, 'calm', true)).to.equal('changed');
    expect(await setPaused(database, 'calm', true)).to.equal('unchanged');
    expect((await rowOf('calm')).rollout_paused).to.equal(true);
    expect(await setPaused(database, 'calm', false)).to.equal('changed');
    expect(await reasons('calm')).to.deep.equal(['Paused', 'Resumed']);
  });

  it('retries what was rolled back, without its quarantine', async () => {
    await threeRevisions('again');
    const { uid } = await applicationOf(store, 'again');
    await store.rollBack({
      name: 'again',
      uid,
      from: 3,
      to: 2,
      retries: 0,
      event: event('RolledBack', { appName: 'again' }),
    });
    const quarantined = async (): Promise<number[]> =>
      (await listRevisions(database, 'again')).flatMap((row) => (row.quarantined ? [row.revision] : []));
    expect(await quarantined()).to.deep.equal([3]);
    expect(await retryApplication(database, 'again')).to.equal('changed');
    expect(await rowOf('again')).to.include({ target_revision: null, rollout: null, retries: 1 });
    expect(await quarantined()).to.deep.equal([]);
  });

  it('leaves a pin where it is when it retries', async () => {
    await threeRevisions('pinned');
    await pinRevision(database, 'pinned', 1);
    await retryApplication(database, 'pinned');
    expect(await rowOf('pinned')).to.include({ target_revision: 1, target_reason: 'Pinned', retries: 1 });
  });

  it('refuses an app that is not there or is being removed', async () => {
    await declare('gone', 1);
    await store.applySync(changes({ deletions: [{ name: 'gone', requestedAt: NOW }] }));
    for (const name of ['gone', 'never']) {
      expect(await setPaused(database, name, true)).to.equal('noSuchApp');
      expect(await retryApplication(database, name)).to.equal('noSuchApp');
      expect(await pinRevision(database, name, 1)).to.deep.equal({ outcome: 'noSuchApp' });
    }
  });

  it('has the running AutoServe look at the app', async () => {
    await declare('heard', 1);
    const heard: Command[] = [];
    const listening = listenForCommands(testDatabase().url, (command) => heard.push(command));
    try {
      // Until it listens, nothing is heard.
      await eventually(async () => {
        await retryApplication(database, 'heard');
        expect(heard).to.deep.include({ kind: 'reconcile', app: 'heard' });
      });
    } finally {
      await listening.close();
    }
  });
});
