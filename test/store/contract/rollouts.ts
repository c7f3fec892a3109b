import { expect } from 'chai';
import type { Rollout } from '../../../src/controllers/rollout/rollout.ts';
import type { ApplicationRecord } from '../../../src/store/store.ts';
import { event, NOW, statusOf } from '../records.ts';
import { applicationOf, declare, type StoreHost } from './host.ts';

function rolloutOf(revision: number, outcome: Rollout['outcome']): Rollout {
  const at = NOW.toISOString();
  return {
    revision,
    startedAt: at,
    progressedAt: at,
    available: 1,
    outcome,
    paused: false,
    reason: outcome === 'failed' ? 'CrashLoop' : '',
    message: '',
  };
}

export function rolloutsContract(host: () => StoreHost): void {
  /** Scaling is no part of what makes up an instance. */
  const replicas = (count: number) => ({ scaling: { mode: 'manual', replicas: count } });

  const write = async (app: ApplicationRecord, outcome: Rollout['outcome']): Promise<void> => {
    const status = statusOf(app, { rollout: rolloutOf(app.revision, outcome) });
    await host().store.writeStatus([status], []);
  };
  /** Declares another spec and rolls it out. */
  const rollOut = async (name: string, specHash: string): Promise<ApplicationRecord> => {
    await write(await declare(host(), name, { specHash }), 'complete');
    return await applicationOf(host().store, name);
  };
  const rollBack = async (app: ApplicationRecord): Promise<ApplicationRecord> => {
    const { name, uid, revision: from, stableRevision, retries } = app;
    const told = event('RolledBack', { appName: name, appUid: uid });
    await host().store.rollBack({ name, uid, from, to: stableRevision ?? 0, retries, event: told });
    return await applicationOf(host().store, name);
  };
  const quarantined = async (name: string): Promise<number[]> =>
    (await host().revisions(name)).flatMap((each) => (each.quarantined ? each.revision : []));

  const reasons = async (): Promise<string[]> => (await host().events()).map(({ reason }) => reason);

  describe('a rollout', () => {
    it('that is complete makes its revision the one to go back to from the next', async () => {
      expect(await rollOut('web', 'a')).to.deep.include({ revision: 1, stableRevision: null });
      const next = await declare(host(), 'web', { specHash: 'b' });
      expect(next).to.deep.include({ revision: 2, stableRevision: 1, target: null });
    });

    it('that failed goes back once: the revision is quarantined, the earlier one is the target', async () => {
      await rollOut('web', 'a');
      const bad = await declare(host(), 'web', { specHash: 'b' });
      const back = await rollBack(bad);
      expect(back.target).to.deep.include({ revision: 1, specHash: 'a', reason: 'RolledBack' });
      expect(back.target?.manifest).to.deep.equal(bad.manifest);
      expect(await quarantined('web')).to.deep.equal([2]);
      expect(await rollBack(bad)).to.deep.equal(back);
      expect(await reasons()).to.deep.equal(['RolledBack']);
    });

    it('does not go back when another revision was declared, or one was pinned, meanwhile', async () => {
      await rollOut('web', 'a');
      const bad = await declare(host(), 'web', { specHash: 'b' });
      await declare(host(), 'web', { specHash: 'c' });
      expect(await rollBack(bad)).to.deep.include({ revision: 3, target: null });
      await rollOut('api', 'a');
      const other = await declare(host(), 'api', { specHash: 'b' });
      await host().pin('api', 1);
      expect((await rollBack(other)).target).to.include({ reason: 'Pinned' });
      expect(await reasons()).not.to.include('RolledBack');
      expect([await quarantined('web'), await quarantined('api')]).to.deep.equal([[], []]);
    });

    it('that failed is held until the spec changes, though the rest of the manifest does', async () => {
      await rollOut('web', 'a');
      await rollBack(await declare(host(), 'web', { specHash: 'b' }));
      const scaled = await declare(host(), 'web', { specHash: 'b', root: replicas(3) });
      expect(scaled.target).to.deep.include({ revision: 1, reason: 'RolledBack' });
      expect(await declare(host(), 'web', { specHash: 'c' })).to.deep.include({ revision: 3, target: null });
    });
  });

  describe('a retry', () => {
    it('is not undone by what a pass concluded before it', async () => {
      const app = await declare(host(), 'web');
      await write(app, 'failed');
      const seen = await applicationOf(host().store, 'web');
      await host().retry('web');
      const retried = await applicationOf(host().store, 'web');
      expect(retried).to.deep.include({ rollout: null, retries: 1 });
      await write(seen, 'failed');
      expect(await applicationOf(host().store, 'web')).to.deep.equal(retried);
      await write(retried, 'progressing');
      expect((await applicationOf(host().store, 'web')).rollout?.outcome).to.equal('progressing');
    });

    it('is not undone by a rollback that was decided before it', async () => {
      await rollOut('web', 'a');
      const bad = await declare(host(), 'web', { specHash: 'b' });
      await host().retry('web');
      expect(await rollBack(bad)).to.deep.include({ target: null, retries: 1 });
      expect(await quarantined('web')).to.deep.equal([]);
      expect(await reasons()).not.to.include('RolledBack');
    });

    it('lifts the quarantine of the manifest’s own revision, unless another one is pinned', async () => {
      await rollOut('web', 'a');
      await rollBack(await declare(host(), 'web', { specHash: 'b' }));
      await host().pin('web', 1);
      await host().retry('web');
      expect(await quarantined('web')).to.deep.equal([2]);
      await host().pin('web', 2);
      await host().retry('web');
      expect(await applicationOf(host().store, 'web')).to.deep.include({ target: null });
      expect(await quarantined('web')).to.deep.equal([]);
    });
  });

  describe('a pin', () => {
    it('stays until anything of the manifest changes', async () => {
      await rollOut('web', 'a');
      await declare(host(), 'web', { specHash: 'b' });
      await host().pin('web', 1);
      const moved = await declare(host(), 'web', { specHash: 'b', sourceRevision: '4f2a91c' });
      expect(moved.target).to.deep.include({ revision: 1, reason: 'Pinned' });
      const scaled = await declare(host(), 'web', { specHash: 'b', root: replicas(3) });
      expect(scaled).to.deep.include({ revision: 2, target: null });
    });

    it('ends at what went before it when the manifest’s own revision is one that failed', async () => {
      await rollOut('web', 'a');
      await rollOut('web', 'b');
      await rollBack(await declare(host(), 'web', { specHash: 'bad' }));
      await host().pin('web', 1);
      const scaled = await declare(host(), 'web', { specHash: 'bad', root: replicas(3) });
      expect(scaled.target).to.deep.include({ revision: 2, specHash: 'b', reason: 'RolledBack' });
      await host().pin('web', 1);
      expect(await declare(host(), 'web', { specHash: 'mended' })).to.deep.include({ target: null });
    });

    it('ended by asking for the manifest’s own revision has that tried again', async () => {
      await rollOut('web', 'a');
      const bad = await declare(host(), 'web', { specHash: 'b' });
      await write(bad, 'failed');
      await host().pin('web', 1);
      await host().pin('web', 2);
      expect(await applicationOf(host().store, 'web')).to.deep.include({
        target: null,
        rollout: null,
        retries: 1,
      });
    });
  });

  describe('revisions', () => {
    it('have the manifest that was declared last with them', async () => {
      await declare(host(), 'web', { specHash: 'a' });
      const { manifest } = await declare(host(), 'web', { specHash: 'a', root: replicas(3) });
      await declare(host(), 'web', { specHash: 'b', root: replicas(5) });
      const [first, second] = await host().revisions('web');
      expect(first?.manifest).to.deep.equal(manifest);
      expect(second?.manifest.scaling.replicas).to.equal(5);
      await host().pin('web', 1);
      expect((await applicationOf(host().store, 'web')).target?.manifest).to.deep.equal(manifest);
    });

    it('are the last ten, the one to go back to and the one that is kept', async () => {
      const numbers = async () => (await host().revisions('web')).map(({ revision }) => revision);
      await declare(host(), 'web', { specHash: '1' });
      for (const revision of [2, 3]) await rollOut('web', `${revision}`);
      for (let revision = 4; revision <= 14; revision += 1)
        await declare(host(), 'web', { specHash: `${revision}` });
      expect(await numbers()).to.deep.equal([3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
      await host().pin('web', 5);
      const moved = await declare(host(), 'web', { specHash: '14', sourcePath: 'elsewhere.yaml' });
      expect(moved.target?.revision).to.equal(5);
      expect(await numbers()).to.have.length(11);
      await declare(host(), 'web', { specHash: '15' });
      expect(await numbers()).to.deep.equal([3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    });

    it('have the image that theirs was when it was last made present', async () => {
      const { store } = host();
      const { uid: appUid } = await declare(host(), 'web', { specHash: 'a' });
      await declare(host(), 'web', { specHash: 'b' });
      const images = async () =>
        (await host().revisions('web')).map(({ imageId, imageDigest }) => ({ imageId, imageDigest }));
      const unknown = { imageId: null, imageDigest: null };
      expect(await images()).to.deep.equal([unknown, unknown]);
      const built = { imageId: 'sha256:1', imageDigest: null };
      await store.recordImage({ appUid, revision: 2, ...built });
      expect(await images()).to.deep.equal([unknown, built]);
      const pulled = { imageId: 'sha256:1', imageDigest: 'sha256:2' };
      await store.recordImage({ appUid, revision: 2, ...pulled });
      await store.recordImage({ appUid, revision: 2, ...pulled });
      await store.recordImage({ appUid, revision: 7, ...pulled });
      await declare(host(), 'web', { specHash: 'b', root: replicas(3) });
      expect(await images()).to.deep.equal([unknown, pulled]);
    });
  });

  it('tells those who listen how far a pull is', async () => {
    const notices = [
      { appName: 'web', image: 'demo-web:1', percent: null },
      { appName: 'web', image: 'demo-web:1', percent: 42 },
    ];
    const heard = await host().heard(async () => {
      for (const notice of notices) await host().store.announce(notice);
    });
    expect(heard).to.deep.equal(notices);
  });
}
