import { expect } from 'chai';
import { UNCHECKED, type InstanceHealth } from '../../../src/store/instance-health.ts';
import { instance, manifest, NOW } from '../records.ts';
import { declare, instancesOf, type StoreHost } from './host.ts';

const { healthCheck = null } = manifest('web', { healthCheck: { path: '/health' } });

const sick: Omit<InstanceHealth, 'containerId'> = {
  healthStatus: 'unhealthy',
  healthSince: NOW,
  failureCount: 4,
  consecutiveFailures: 3,
  lastHealthCheck: NOW,
  lastFailureAt: NOW,
  lastProbes: [{ at: NOW.toISOString(), ok: false, code: 503, latencyMs: 12, message: '503, expected 200' }],
  healthCheck,
};

export function healthContract(host: () => StoreHost): void {
  describe('writing health', () => {
    const write = async (containerId: string | null): Promise<void> => {
      await declare(host(), 'web');
      await host().store.writeStatus([], [instance('web', { containerId, status: 'running' })]);
    };

    it('is unknown of an instance that was never probed', async () => {
      await write('c1');
      expect((await instancesOf(host().store, 'web'))[0]).to.deep.include(UNCHECKED);
    });

    it('keeps every column of the row of a container, and says that it was written', async () => {
      const { store } = host();
      await write('c1');
      expect(await store.writeHealth([{ containerId: 'c1', ...sick }])).to.deep.equal(['c1']);
      expect((await instancesOf(store, 'web'))[0]).to.deep.include(sick);
      expect(await store.writeHealth([{ containerId: 'c1', ...UNCHECKED }])).to.deep.equal(['c1']);
      expect((await instancesOf(store, 'web'))[0]).to.deep.include(UNCHECKED);
      expect(await store.writeHealth([])).to.deep.equal([]);
    });

    it('leaves health to the one writer and status to the other', async () => {
      const { store } = host();
      await write('c1');
      await store.writeHealth([{ containerId: 'c1', ...sick }]);
      const status = instance('web', { containerId: 'c1', status: 'draining' });
      await store.writeStatus([], [status]);
      expect((await instancesOf(store, 'web'))[0]).to.deep.include({ ...status, ...sick });
    });

    it('says nothing of containers whose rows are not there: unknown, not seen yet, or removed', async () => {
      const { store } = host();
      await write(null);
      expect(await store.writeHealth([{ containerId: 'c1', ...sick }])).to.deep.equal([]);
      await write('c1');
      await store.markRemoved(['c1'], NOW);
      expect(await store.writeHealth([{ containerId: 'c1', ...sick }])).to.deep.equal([]);
    });

    it('touches no row that says so already', async () => {
      const { store } = host();
      await write('c1');
      await store.writeHealth([{ containerId: 'c1', ...sick }]);
      await host().touched();
      expect(await store.writeHealth([{ containerId: 'c1', ...sick }])).to.deep.equal(['c1']);
      // A row lock leaves its mark in `xmax`, never in the row.
      expect(await host().touched()).to.equal(false);
      await store.writeHealth([{ containerId: 'c1', ...sick, failureCount: 5 }]);
      expect(await host().touched()).to.equal(true);
    });
  });
}
