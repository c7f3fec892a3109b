import { expect } from 'chai';
import { MOST_CAPSULES, type Capsule } from '../../../src/store/failure.ts';
import type { Rollout } from '../../../src/controllers/rollout/rollout.ts';
import { NOW, statusOf } from '../records.ts';
import { applicationOf, declare, type StoreHost } from './host.ts';

const probe = { at: NOW.toISOString(), ok: false, code: 503, latencyMs: 12, message: '503, expected 200' };

/** The capsule of an instance of application `web`. */
function capsule(appUid: string, some: Partial<Capsule> = {}): Capsule {
  return {
    appName: 'web',
    appUid,
    containerName: 'web-0-r1-1',
    containerId: 'c1',
    replicaIndex: 0,
    revision: 1,
    reason: 'Crashed',
    message: 'exited 3',
    failedAt: NOW,
    startedAt: new Date(NOW.getTime() - 5_000),
    exitCode: 3,
    oomKilled: false,
    probes: [probe],
    logs: 'starting\nout of luck\n',
    logError: null,
    ...some,
  };
}

export function failureContract(host: () => StoreHost): void {
  describe('capsules of failures', () => {
    /** Declares another revision of `web`; a stable one was rolled out. */
    const revise = async (image: string, stable: boolean): Promise<string> => {
      const app = await declare(host(), 'web', { specHash: image, root: { spec: { image } } });
      if (!stable) return app.uid;
      const at = NOW.toISOString();
      const rollout: Rollout = {
        revision: app.revision,
        startedAt: at,
        progressedAt: at,
        available: 1,
        outcome: 'complete',
        paused: false,
        reason: '',
        message: '',
      };
      await host().store.writeStatus([statusOf(app, { rollout })], []);
      return app.uid;
    };

    it('are kept whole', async () => {
      const { uid } = await declare(host(), 'web');
      const kept = capsule(uid);
      await host().store.recordFailure(kept);
      expect(await host().failures()).to.deep.equal([{ ...kept, stableRevision: null, changes: [] }]);
    });

    it('tell what the failed revision had changed since the last one that was rolled out', async () => {
      await revise('web:1', true);
      await revise('web:2', true);
      await revise('web:3', false);
      const uid = await revise('web:4', false);
      await host().store.recordFailure(capsule(uid, { revision: 4, containerId: 'c4' }));
      await host().store.recordFailure(capsule(uid, { revision: 2, containerId: 'c2' }));
      await host().store.recordFailure(capsule(uid, { revision: 1, containerId: 'c1' }));
      const told = (await host().failures()).map(({ stableRevision, changes }) => [stableRevision, changes]);
      expect(told).to.deep.equal([
        [2, ['image "web:2" => "web:4"']],
        [1, ['image "web:1" => "web:2"']],
        [null, []],
      ]);
    });

    it('say that a secret changed where the manifest did not', async () => {
      await revise('web:1', true);
      const app = await applicationOf(host().store, 'web');
      const { uid } = await declare(host(), 'web', { specHash: 'rotated', manifest: app.manifest });
      await host().store.recordFailure(capsule(uid, { revision: 2 }));
      expect((await host().failures())[0]).to.deep.include({ changes: ['a secret has a new value'] });
    });

    it('are one for a container, as it was known first', async () => {
      const { uid } = await declare(host(), 'web');
      await host().store.recordFailure(capsule(uid));
      await host().store.recordFailure(capsule(uid, { reason: 'Completed', logs: 'other', exitCode: 0 }));
      await host().store.recordFailure(capsule(uid, { logs: '', logError: 'the container is gone' }));
      expect(await host().failures()).to.have.length(1);
      expect((await host().failures())[0]).to.deep.include(capsule(uid));
    });

    it('get the log that could not be had at first', async () => {
      const { uid } = await declare(host(), 'web');
      const without = capsule(uid, { logs: '', logError: 'the engine does not answer' });
      await host().store.recordFailure(without);
      expect((await host().failures())[0]).to.deep.include(without);
      await host().store.recordFailure(capsule(uid, { reason: 'Completed' }));
      expect((await host().failures())[0]).to.deep.include(capsule(uid));
    });

    it('outlive their application, which may be gone before they come', async () => {
      const uid = '00000000-0000-4000-8000-00000000dead';
      await host().store.recordFailure(capsule(uid));
      expect(await host().failures()).to.have.length(1);
    });

    it(`are the latest ${MOST_CAPSULES} of an application, and leave those of others alone`, async () => {
      const { uid } = await declare(host(), 'web');
      await host().store.recordFailure(capsule(uid, { appName: 'other', containerId: 'other' }));
      const count = MOST_CAPSULES + 2;
      for (let number = 1; number <= count; number += 1)
        await host().store.recordFailure(
          capsule(uid, { containerId: `c${number}`, failedAt: new Date(NOW.getTime() + number * 1_000) }),
        );
      const late = capsule(uid, { containerId: 'late', failedAt: NOW });
      await host().store.recordFailure(late);
      const kept = await host().failures();
      const own = kept.filter(({ appName }) => appName === 'web').map(({ containerId }) => containerId);
      expect(own).to.deep.equal(Array.from({ length: MOST_CAPSULES }, (_, index) => `c${index + 3}`));
      expect(kept).to.have.length(MOST_CAPSULES + 1);
    });

    it('hold whatever an app prints', async () => {
      const { uid } = await declare(host(), 'web');
      await host().store.recordFailure(capsule(uid, { logs: 'nul \u0000 half \ud800 emoji 🙂\n' }));
      expect((await host().failures())[0]?.logs).to.match(/^nul .+ half .+ emoji 🙂\n$/s);
    });
  });
}
