import { expect } from 'chai';
import type { Condition } from '../../../src/store/store.ts';
import { changes, deletion, event, instance, NOW, statusOf } from '../records.ts';
import { applicationOf, declare, instancesOf, type StoreHost } from './host.ts';

const ready: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'AllReady',
  message: '1 of 1',
  lastTransitionTime: NOW.toISOString(),
};

export function statusContract(host: () => StoreHost): void {
  describe('writing status', () => {
    it('updates the application of that name and uid, and no other', async () => {
      const { store } = host();
      const app = await declare(host(), 'web');
      const status = statusOf(app, {
        status: 'running',
        replicas: 1,
        observedGeneration: 1,
        conditions: [ready],
      });
      await store.writeStatus([{ ...status, uid: '00000000-0000-4000-8000-000000000000' }], []);
      expect(await applicationOf(store, 'web')).to.deep.equal(app);
      await store.writeStatus([status], []);
      expect(await applicationOf(store, 'web')).to.deep.include(status);
    });

    it('keeps every column of an instance', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const row = instance('web', {
        containerId: 'c1',
        restarts: 2,
        imageId: 'sha256:1',
        ip: '172.18.0.7',
        status: 'error',
        startedAt: NOW,
        finishedAt: NOW,
        exitCode: 137,
        oomKilled: true,
      });
      await store.writeStatus([], [row]);
      const [record] = await instancesOf(store, 'web');
      expect(record).to.deep.include({ ...row, healthStatus: 'unknown' });
      expect(record?.id).to.be.a('number');
    });

    it('updates an instance in its row', async () => {
      const { store } = host();
      await declare(host(), 'web');
      await store.writeStatus([], [instance('web')]);
      const [before] = await instancesOf(store, 'web');
      await store.writeStatus(
        [],
        [instance('web', { containerId: 'c1', status: 'running', startedAt: NOW })],
      );
      const [after, ...others] = await instancesOf(store, 'web');
      expect(others).to.deep.equal([]);
      expect(after).to.deep.include({ id: before?.id, containerId: 'c1', status: 'running', startedAt: NOW });
    });

    it('writes nothing when nothing changed', async () => {
      const { store } = host();
      const app = await declare(host(), 'web');
      const write = () => store.writeStatus([statusOf(app)], [instance('web', { startedAt: NOW })]);
      await write();
      await host().touched();
      await write();
      expect(await host().touched()).to.equal(false);
      await store.writeStatus([statusOf(app, { replicas: 1 })], []);
      expect(await host().touched()).to.equal(true);
    });

    it('frees a slot and fills it in one write, whatever the order of the rows', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const next = (attempt: number) => instance('web', { containerName: `web-0-r1-${attempt}`, attempt });
      await store.writeStatus([], [next(1)]);
      await store.writeStatus([], [next(2), { ...next(1), status: 'error' }]);
      await store.writeStatus([], [next(3), { ...next(2), status: 'stopped', removedAt: NOW }]);
      const rows = await instancesOf(store, 'web');
      expect(rows.map(({ containerName, status }) => `${containerName} ${status}`)).to.deep.equal([
        'web-0-r1-1 error',
        'web-0-r1-3 starting',
      ]);
    });

    it('refuses a second live instance of one slot and revision, and then writes none of the rows', async () => {
      const { store } = host();
      await declare(host(), 'web');
      await store.writeStatus([], [instance('web')]);
      const second = instance('web', { containerName: 'web-0-r1-2', attempt: 2 });
      const other = instance('web', { containerName: 'web-1-r1-1', replicaIndex: 1 });
      const refusal = await store.writeStatus([], [other, second]).catch((error: Error) => error.message);
      expect(refusal).to.match(/duplicate key/);
      expect(await instancesOf(store, 'web')).to.have.length(1);
      const surge = instance('web', { containerName: 'web-0-r2-1', revision: 2 });
      await store.writeStatus([], [surge]);
      expect(await instancesOf(store, 'web')).to.have.length(2);
    });

    it('leaves out instances of an application that is gone', async () => {
      const { store } = host();
      await declare(host(), 'web');
      await store.writeStatus([], [instance('ghost'), instance('web')]);
      const { instances } = await store.loadWorld();
      expect(instances.map(({ appName }) => appName)).to.deep.equal(['web']);
    });
  });

  describe('removed instances', () => {
    it('leave the working set and stay as history, however often that is written', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const running = instance('web', { containerId: 'c1', status: 'running' });
      const gone = { ...running, status: 'stopped' as const, removedAt: NOW };
      await store.writeStatus([], [running]);
      for (const row of [gone, gone, running]) await store.writeStatus([], [row]);
      expect(await instancesOf(store, 'web')).to.deep.equal([]);
      expect(await host().removed('web')).to.deep.equal(['c1']);
    });

    it('are marked by container id', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const row = (index: number) =>
        instance('web', {
          containerName: `web-${index}-r1-1`,
          replicaIndex: index,
          containerId: `c${index}`,
        });
      await store.writeStatus([], [row(0), row(1)]);
      await store.markRemoved(['c1', 'c9'], NOW);
      await store.markRemoved([], NOW);
      expect((await instancesOf(store, 'web')).map(({ containerId }) => containerId)).to.deep.equal(['c0']);
      expect(await host().removed('web')).to.deep.equal(['c1']);
    });

    it('leave their container name to another container, which a late removal does not end', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const first = instance('web', { containerId: 'c1' });
      const removal = { ...first, status: 'stopped' as const, removedAt: NOW };
      await store.writeStatus([], [first]);
      await store.writeStatus([], [removal]);
      await store.writeStatus([], [{ ...first, containerId: 'c2' }]);
      await store.writeStatus([], [removal]);
      expect((await instancesOf(store, 'web')).map(({ containerId }) => containerId)).to.deep.equal(['c2']);
      expect(await host().removed('web')).to.deep.equal(['c1']);
    });

    it('are history even when they were never seen before, unless they never were containers', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const removal = (containerId: string | null) =>
        instance('web', { containerId, status: 'stopped', removedAt: NOW });
      await store.writeStatus([], [removal('c1')]);
      await store.writeStatus([], [removal(null)]);
      expect(await host().removed('web')).to.deep.equal(['c1']);
    });
  });

  describe('deleting an application', () => {
    it('removes it with its instances and records the event, once', async () => {
      const { store } = host();
      const { uid } = await declare(host(), 'web');
      await declare(host(), 'api');
      await store.writeStatus([], [instance('web'), instance('api')]);
      const deleted = event('ApplicationDeleted', { appUid: uid });
      await store.applySync(deletion('web'));
      await store.deleteApplication('web', uid, deleted);
      await store.deleteApplication('web', uid, deleted);
      const world = await store.loadWorld();
      expect(world.applications.map(({ name }) => name)).to.deep.equal(['api']);
      expect(world.instances.map(({ appName }) => appName)).to.deep.equal(['api']);
      expect((await host().events()).map(({ reason }) => reason)).to.deep.equal(['ApplicationDeleted']);
    });

    it('spares a successor of the same name, which has another uid', async () => {
      const { store } = host();
      const first = await declare(host(), 'web');
      await store.applySync(deletion('web'));
      await store.deleteApplication('web', first.uid, event('ApplicationDeleted', { appUid: first.uid }));
      const second = await declare(host(), 'web');
      expect(second.uid).not.to.equal(first.uid);
      expect(second).to.deep.include({ generation: 1, revision: 1 });
      await store.deleteApplication('web', first.uid, event('ApplicationDeleted', { appUid: first.uid }));
      expect(await applicationOf(store, 'web')).to.deep.equal(second);
    });

    it('spares one that was declared again before it was gone', async () => {
      const { store } = host();
      const { uid } = await declare(host(), 'web');
      await store.applySync(deletion('web'));
      const again = await declare(host(), 'web');
      await store.deleteApplication('web', uid, event('ApplicationDeleted', { appUid: uid }));
      expect(await applicationOf(store, 'web')).to.deep.equal(again);
      expect(await host().events()).to.deep.equal([]);
    });

    it('is remembered by uid', async () => {
      const { store } = host();
      const web = await declare(host(), 'web');
      const api = await declare(host(), 'api');
      await store.applySync(deletion('web'));
      await store.deleteApplication('web', web.uid, event('ApplicationDeleted', { appUid: web.uid }));
      await store.applySync(changes({ events: [event('Registered', { appUid: api.uid })] }));
      const uids = [web.uid, api.uid, 'not-a-uuid'];
      expect(await store.deletedUids(uids)).to.deep.equal(new Set([web.uid]));
      expect(await store.deletedUids([])).to.deep.equal(new Set());
    });
  });
}
