import { expect } from 'chai';
import { changes, declaration, event, manifest, manifestRecord, NOW, statusOf } from '../records.ts';
import { applicationOf, declare, type StoreHost } from './host.ts';

export function syncContract(host: () => StoreHost): void {
  describe('applying a sync', () => {
    it('creates an application as declared, at generation 1 and revision 1', async () => {
      const { store } = host();
      const declared = declaration('web', { sourceRevision: '4f2a91c' });
      expect(await store.applySync(changes({ applications: [declared] }))).to.deep.equal(['web']);
      const app = await applicationOf(store, 'web');
      expect(app).to.deep.include({
        name: 'web',
        manifest: declared.manifest,
        generation: 1,
        observedGeneration: 0,
        revision: 1,
        specHash: 'hash-1',
        status: 'registered',
        replicas: 0,
        desiredReplicas: 1,
        conditions: [],
        sourcePath: 'web.yaml',
        sourceRevision: '4f2a91c',
        deletionRequestedAt: null,
      });
      expect(app.uid).to.match(/^[0-9a-f]{8}-/);
      expect(app.createdAt).to.be.instanceOf(Date);
    });

    it('changes nothing when the declaration is what is there', async () => {
      const { store } = host();
      const before = await declare(host(), 'web');
      expect(await store.applySync(changes({ applications: [declaration('web')] }))).to.deep.equal([]);
      expect(await applicationOf(store, 'web')).to.deep.equal(before);
    });

    it('counts the generation up for another manifest, the revision only for another spec hash', async () => {
      const { uid } = await declare(host(), 'web');
      const scaled = await declare(host(), 'web', { root: { scaling: { mode: 'manual', replicas: 3 } } });
      expect(scaled).to.deep.include({ uid, generation: 2, revision: 1, desiredReplicas: 3 });
      const rebuilt = await declare(host(), 'web', { specHash: 'hash-2' });
      expect(rebuilt).to.deep.include({ uid, generation: 3, revision: 2 });
      const rotated = await declare(host(), 'web', { specHash: 'hash-3' });
      expect(rotated).to.deep.include({ generation: 3, revision: 3 });
    });

    it('gives a spec hash that comes back a new revision, and keeps a copy of each', async () => {
      for (const specHash of ['a', 'b', 'a']) await declare(host(), 'web', { specHash });
      const revisions = await host().revisions('web');
      expect(revisions.map(({ revision, specHash }) => `${revision} ${specHash}`)).to.deep.equal([
        '1 a',
        '2 b',
        '3 a',
      ]);
    });

    it('sets the count in mode manual and leaves it to the scaler in mode auto', async () => {
      const { store } = host();
      const app = await declare(host(), 'web', { root: { scaling: { mode: 'auto', minReplicas: 2 } } });
      expect(app.desiredReplicas).to.equal(2);
      await store.writeStatus([statusOf(app, { desiredReplicas: 4 })], []);
      const changed = await declare(host(), 'web', {
        root: { scaling: { mode: 'auto', minReplicas: 2, maxReplicas: 9 } },
      });
      expect(changed.desiredReplicas).to.equal(4);
      const manual = await declare(host(), 'web', { root: { scaling: { mode: 'manual', replicas: 3 } } });
      expect(manual.desiredReplicas).to.equal(3);
      const unset = await declare(host(), 'web', { root: { scaling: { mode: 'manual', minReplicas: 2 } } });
      expect(unset.desiredReplicas).to.equal(2);
    });

    it('keeps the first moment of a deletion, and takes it back for an app that is declared again', async () => {
      const { store } = host();
      const { uid } = await declare(host(), 'web');
      const request = (requestedAt: Date | null) => changes({ deletions: [{ name: 'web', requestedAt }] });
      expect(await store.applySync(request(NOW))).to.deep.equal(['web']);
      expect(await store.applySync(request(new Date('2026-02-02T00:00:00Z')))).to.deep.equal([]);
      expect((await applicationOf(store, 'web')).deletionRequestedAt).to.deep.equal(NOW);
      expect(await declare(host(), 'web')).to.deep.include({ uid, deletionRequestedAt: null, generation: 1 });
      await store.applySync(request(NOW));
      await store.applySync(request(null));
      expect((await applicationOf(store, 'web')).deletionRequestedAt).to.equal(null);
    });

    it('keeps one row for every manifest file until the file is gone', async () => {
      const { store } = host();
      const problem = { line: 9, column: 3, message: 'unknown field "replica"' };
      const bad = manifestRecord('b.yaml', { status: 'error', apps: ['api', 'web'], errors: [problem] });
      await store.applySync(changes({ manifests: [bad, manifestRecord('a.yaml', { warnings: [problem] })] }));
      await store.applySync(changes({ manifests: [{ ...bad, contentHash: 'def' }] }));
      expect(await store.loadManifests()).to.deep.equal([
        manifestRecord('a.yaml', { warnings: [problem] }),
        { ...bad, contentHash: 'def' },
      ]);
      await store.applySync(changes({ removedManifests: ['a.yaml', 'never-there.yaml'] }));
      expect((await store.loadManifests()).map(({ path }) => path)).to.deep.equal(['b.yaml']);
    });

    it('records its events', async () => {
      const details = { image: 'demo-web:1', replicas: 3 };
      await host().store.applySync(changes({ events: [event('Registered', { details })] }));
      expect(await host().events()).to.deep.equal([
        { reason: 'Registered', appName: 'web', message: 'something happened', details },
      ]);
    });

    it('carries many applications at once', async () => {
      const names = Array.from({ length: 200 }, (_, index) => `app-${index}`).toSorted();
      const applications = names.map((name) => ({ ...declaration('x'), manifest: manifest(name) }));
      expect(await host().store.applySync(changes({ applications }))).to.have.members(names);
      const world = await host().store.loadWorld();
      expect(world.applications.map(({ name }) => name)).to.deep.equal(names);
    });
  });
}
