import { expect } from 'chai';
import type { OperationClosure } from '../../../src/store/store.ts';
import { instance, operation } from '../records.ts';
import { declare, type StoreHost } from './host.ts';

export function journalContract(host: () => StoreHost): void {
  describe('the journal', () => {
    const closure = (id: string, some: Partial<OperationClosure> = {}): OperationClosure => ({
      id,
      outcome: 'done',
      containerId: null,
      error: null,
      ...some,
    });

    it('holds an intent and its instance from their opening on', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const intent = operation('web');
      await store.openOperations([intent], [instance('web')]);
      const { openOperations, instances } = await store.loadWorld();
      expect(openOperations).to.have.length(1);
      expect(openOperations[0]).to.deep.include(intent);
      expect(openOperations[0]?.startedAt).to.be.instanceOf(Date);
      expect(instances[0]).to.deep.include(instance('web'));
    });

    it('takes the same opening twice', async () => {
      const { store } = host();
      await declare(host(), 'web');
      const intents = [operation('web'), operation('web', { kind: 'startContainer' })];
      for (let times = 0; times < 2; times += 1) await store.openOperations(intents, [instance('web')]);
      const { openOperations, instances } = await store.loadWorld();
      expect(openOperations.map(({ id }) => id)).to.have.members(intents.map(({ id }) => id));
      expect(instances).to.have.length(1);
    });

    it('holds neither intent nor instance when one of them is refused', async () => {
      const { store } = host();
      await declare(host(), 'web');
      await store.openOperations([], [instance('web')]);
      const second = instance('web', { containerName: 'web-0-r1-2' });
      const refusal = await store
        .openOperations([operation('web')], [second])
        .catch((error: Error) => error.message);
      expect(refusal).to.match(/duplicate key/);
      const { openOperations, instances } = await store.loadWorld();
      expect(openOperations).to.deep.equal([]);
      expect(instances).to.have.length(1);
    });

    it('takes an intent for a container whose application is gone', async () => {
      const { store } = host();
      await store.openOperations([operation('ghost', { kind: 'removeContainer', containerId: 'c1' })], []);
      const { openOperations } = await store.loadWorld();
      expect(openOperations[0]).to.deep.include({ appName: 'ghost', containerId: 'c1' });
    });

    it('shows no more what is closed, and does not open it again', async () => {
      const { store } = host();
      const [one, other] = [operation('web'), operation('web')];
      await store.openOperations([one, other], []);
      await store.closeOperations([closure(one.id, { containerId: 'c1' })]);
      await store.closeOperations([
        closure(one.id, { outcome: 'failed', error: 'late' }),
        closure(operation('x').id),
      ]);
      await store.openOperations([one], []);
      const { openOperations } = await store.loadWorld();
      expect(openOperations.map(({ id }) => id)).to.deep.equal([other.id]);
      expect(await host().outcome(one.id)).to.deep.equal({ outcome: 'done', containerId: 'c1', error: null });
    });

    it('takes nothing at all', async () => {
      const { store } = host();
      await store.openOperations([], []);
      await store.closeOperations([]);
      await store.appendEvents([]);
      await store.writeStatus([], []);
      expect(await store.loadWorld()).to.deep.equal({ applications: [], instances: [], openOperations: [] });
    });
  });
}
