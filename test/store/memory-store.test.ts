import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { MemoryDatabase } from '../../src/store/memory/memory-database.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { pinRevision, retryApplication } from '../../src/store/memory/rollouts.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import type { StoreHost } from './contract/host.ts';
import { storeContract } from './contract.ts';
import { changes, declaration, event } from './records.ts';

function open(): StoreHost {
  const database = new MemoryDatabase(() => new Date(), randomUUID);
  let seen = '';
  const applicationIn = (name: string) => {
    const app = database.applications.get(name);
    if (!app) throw new Error(`no application ${name}`);
    return app;
  };
  return {
    store: new MemoryStore(database),
    revisions: async (app) =>
      structuredClone(database.revisions.filter(({ appName }) => appName === app)).map(
        ({ appName: _name, appUid: _uid, ...revision }) => revision,
      ),
    pin: async (app, revision) => pinRevision(database, applicationIn(app), revision),
    retry: async (app) => retryApplication(database, applicationIn(app)),
    heard: async (work) => {
      const before = database.notices.length;
      await work();
      return database.notices.slice(before);
    },
    events: async () =>
      database.events.map(({ reason, appName, message, details }) => ({ reason, appName, message, details })),
    failures: async () => database.failures,
    removed: async (app) =>
      database.instances
        .filter(({ appName, removedAt }) => appName === app && removedAt)
        .map(({ containerId }) => containerId),
    outcome: async (operationId) => {
      const closure = database.operations.get(operationId)?.closure;
      if (!closure) return undefined;
      const { outcome, containerId, error } = closure;
      return { outcome, containerId, error };
    },
    touched: async () => {
      const last = seen;
      seen = JSON.stringify([[...database.applications.values()], database.instances]);
      return seen !== last;
    },
  };
}

describe('MemoryStore', () => {
  storeContract(async () => open());

  describe('for simulations', () => {
    const database = () => new MemoryDatabase(() => new Date(), randomUUID);
    const sync = changes({ applications: [declaration('web')] });

    it('keeps its rows for the next client', async () => {
      const rows = database();
      await new MemoryStore(rows).applySync(sync);
      expect((await new MemoryStore(rows).loadWorld()).applications).to.have.length(1);
    });

    it('gives copies, so that nobody changes a row in passing', async () => {
      const store = new MemoryStore(database());
      await store.applySync(sync);
      const [app] = (await store.loadWorld()).applications;
      Object.assign(app?.manifest.spec ?? {}, { image: 'changed' });
      expect((await store.loadWorld()).applications[0]?.manifest.spec.image).to.equal('demo-web:1');
    });

    it('fails a call before its effect or after it', async () => {
      const rows = database();
      const fail = async () => {
        throw new StoreUnavailable(new Error('gone'));
      };
      const codes = async (store: MemoryStore, reason: string) =>
        await store.appendEvents([event(reason)]).catch((error: StoreUnavailable) => error.code);
      expect(await codes(new MemoryStore(rows, { before: fail }), 'Before')).to.equal('StoreUnavailable');
      expect(await codes(new MemoryStore(rows, { after: fail }), 'After')).to.equal('StoreUnavailable');
      expect(rows.events.map(({ reason }) => reason)).to.deep.equal(['After']);
    });
  });
});
