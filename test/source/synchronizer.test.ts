import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { messageOf } from '../../src/error.ts';
import { DirectorySource } from '../../src/source/directory.ts';
import { ManifestReader } from '../../src/source/manifest-reader.ts';
import { Synchronizer, type Synchronization, type SyncResult } from '../../src/source/synchronizer.ts';
import { MemoryDatabase } from '../../src/store/memory/memory-database.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import { document } from './installation.ts';
import { tree } from './tree.ts';

const NEVER_MS = 60 * 60_000;

describe('Synchronizer', () => {
  let folder: string;
  let database: MemoryDatabase;
  let storeAway: boolean;
  let synchronizer: Synchronizer;
  let synchronization: Synchronization | undefined;
  let results: SyncResult[];
  let errors: unknown[];

  const reasons = (): string[] => database.events.map(({ reason }) => reason);
  const eventuallyImage = (app: string, image: string): Promise<unknown> =>
    eventually(() => expect(database.applications.get(app)?.manifest.spec.image).to.equal(image));

  function newSynchronizer(): Synchronizer {
    const policy = { allowHostPaths: [], allowedImages: [] };
    return new Synchronizer(
      new DirectorySource(folder, systemClock),
      new ManifestReader({ policy, secretsDir: join(folder, '.secrets'), digestKey: 'key' }),
      new MemoryStore(database, {
        async before() {
          if (storeAway) throw new StoreUnavailable(new Error('connection refused'));
        },
      }),
      systemClock,
    );
  }

  function run(resyncMs = NEVER_MS): void {
    synchronization = synchronizer.run(resyncMs, {
      onSynced: (result) => results.push(result),
      onError: (error) => errors.push(error),
    });
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autoserve-sync-'));
    database = new MemoryDatabase(() => new Date(), randomUUID);
    storeAway = false;
    synchronizer = newSynchronizer();
    results = [];
    errors = [];
  });

  afterEach(async () => {
    await synchronization?.close();
    synchronization = undefined;
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.away`, { recursive: true, force: true });
  });

  it('brings a folder into the store and says which apps it changed', async () => {
    await tree(folder, { 'a.yaml': document('web'), 'team/b.yaml': document('db') });
    const result = await synchronizer.sync();
    expect(result).to.include({ apps: 2, sourceError: null, recheckAt: null });
    expect(result.changed).to.have.members(['web', 'db']);
    expect([...database.manifests.keys()]).to.deep.equal(['a.yaml', 'team/b.yaml']);
    expect(reasons()).to.deep.equal(['ApplicationRegistered', 'ApplicationRegistered']);
  });

  it('writes nothing when nothing changed, after a restart neither', async () => {
    await tree(folder, { 'a.yaml': document('web'), 'b.yaml': 'a: [' });
    await eventually(async () => expect((await synchronizer.sync()).recheckAt).to.equal(null));
    const rows = structuredClone([database.applications, database.manifests, database.events]);
    for (const each of [synchronizer, newSynchronizer()]) {
      expect((await each.sync()).changed).to.deep.equal([]);
      expect([database.applications, database.manifests, database.events]).to.deep.equal(rows);
    }
  });

  it('takes a vanished folder for an error, once, and changes nothing', async () => {
    await tree(folder, { 'a.yaml': document('web') });
    await synchronizer.sync();
    await rename(folder, `${folder}.away`);
    for (const _ of [1, 2]) {
      const { changed, sourceError } = await synchronizer.sync();
      expect({ changed, code: sourceError?.code }).to.deep.equal({ changed: [], code: 'SourceUnreadable' });
    }
    expect(database.applications.get('web')).to.include({ deletionRequestedAt: null });
    await rename(`${folder}.away`, folder);
    expect(await synchronizer.sync()).to.include({ sourceError: null });
    expect(reasons()).to.deep.equal(['ApplicationRegistered', 'SourceUnreadable', 'SourceReturned']);
  });

  it('holds a prune of everything until it is confirmed, across restarts', async () => {
    await tree(folder, { 'a.yaml': document('web'), 'b.yaml': document('db') });
    await synchronizer.sync();
    await rm(join(folder, 'a.yaml'));
    await rm(join(folder, 'b.yaml'));
    expect((await synchronizer.sync()).held).to.deep.equal(['db', 'web']);
    expect((await newSynchronizer().sync()).held).to.deep.equal(['db', 'web']);
    const confirmed = await newSynchronizer().sync({ confirmPrune: true });
    expect(confirmed).to.deep.include({ held: [] });
    expect(confirmed.changed).to.have.members(['web', 'db']);
  });

  it('remembers from the conditions of the apps what it held before a restart', async () => {
    await tree(folder, { 'a.yaml': document('web') });
    await synchronizer.sync();
    const lastTransitionTime = new Date().toISOString();
    database.applications.get('web')?.conditions.push({
      type: 'Synced',
      status: 'False',
      reason: 'PruneHeld',
      message: 'its manifest is gone',
      lastTransitionTime,
    });
    await tree(folder, { 'a.yaml': document('other') });
    await newSynchronizer().sync();
    expect((await newSynchronizer().sync()).held).to.deep.equal(['web']);
    expect(reasons()).to.not.include('PruneHeld');
  });

  it('runs one sync at a time, each on what the one before it left', async () => {
    await tree(folder, { 'a.yaml': document('web') });
    const all = await Promise.all([1, 2, 3].map(() => synchronizer.sync()));
    expect(all.map(({ changed }) => changed)).to.deep.equal([['web'], [], []]);
  });

  it('throws while the store is away, and loses nothing', async () => {
    await tree(folder, { 'a.yaml': document('web') });
    storeAway = true;
    const failure = await synchronizer.sync().then(
      () => 'none',
      (error: unknown) => messageOf(error),
    );
    expect(failure).to.include('connection refused');
    storeAway = false;
    expect((await synchronizer.sync()).changed).to.deep.equal(['web']);
  });

  describe('when it runs', () => {
    it('follows the folder', async () => {
      run();
      await tree(folder, { 'a.yaml': document('web') });
      await eventuallyImage('web', 'web:1');
      await tree(folder, { 'a.yaml': document('web', 'image: web:2'), 'b.yaml': document('db') });
      await eventuallyImage('web', 'web:2');
      await rm(join(folder, 'a.yaml'));
      await eventually(() => expect(database.applications.get('web')?.deletionRequestedAt).to.be.a('date'));
      expect(results.flatMap(({ changed }) => changed)).to.include.members(['web', 'db']);
      expect(errors).to.deep.equal([]);
    });

    it('reports a broken file when no more of it came', async () => {
      await tree(folder, { 'a.yaml': document('web') });
      run();
      await eventuallyImage('web', 'web:1');
      await writeFile(join(folder, 'a.yaml'), 'apiVersion: v1\nkind: [');
      await eventually(() => expect(reasons()).to.include('ManifestRejected'));
      expect(results.some(({ recheckAt }) => recheckAt !== null)).to.equal(true);
      expect(database.applications.get('web')).to.include({ deletionRequestedAt: null });
    });

    it('never sees an error in a file that is written slowly', async () => {
      await tree(folder, { 'a.yaml': document('web') });
      run();
      await eventuallyImage('web', 'web:1');
      const syncs = results.length;
      const file = await open(join(folder, 'a.yaml'), 'w');
      await file.write('apiVersion: v1\nkind: [');
      await eventually(() => expect(results.length).to.be.greaterThan(syncs));
      await file.truncate();
      await file.write(document('web', 'image: web:2'), 0);
      await file.close();
      await eventuallyImage('web', 'web:2');
      expect(reasons()).to.not.include('ManifestRejected');
    });

    it('catches up when the store is back', async () => {
      storeAway = true;
      run();
      await tree(folder, { 'a.yaml': document('web') });
      await eventually(() => expect(errors.length).to.be.greaterThan(0));
      storeAway = false;
      await eventuallyImage('web', 'web:1');
    });

    it('syncs now and then without any change, for secrets may have changed', async () => {
      const env = 'image: web:1\n  env: [{name: PASSWORD, source: secret, key: db}]';
      await mkdir(join(folder, '.secrets'));
      await tree(folder, { 'a.yaml': document('web', env), '.secrets/db': 'old' });
      await synchronizer.sync();
      const before = database.applications.get('web')?.specHash;
      await writeFile(join(folder, '.secrets/db'), 'new');
      run(50);
      await eventually(() => expect(database.applications.get('web')?.specHash).to.not.equal(before));
    });

    it('waits for the sync in work when it is closed, and does nothing after', async () => {
      run();
      await tree(folder, { 'a.yaml': document('web') });
      await eventuallyImage('web', 'web:1');
      await synchronization?.close();
      const count = results.length;
      await tree(folder, { 'a.yaml': document('web', 'image: web:2') });
      expect((await newSynchronizer().sync()).changed).to.deep.equal(['web']);
      expect(results.length).to.equal(count);
    });
  });
});
