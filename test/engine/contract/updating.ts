import { expect } from 'chai';
import { expectRefusal, type Fixture } from './fixture.ts';

const MIB = 2 ** 20;

export function updatingContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  async function limited(nanoCpus: number, memoryBytes: number): Promise<string> {
    const id = await fixture.engine.createContainer({ ...fixture.spec(), nanoCpus, memoryBytes });
    await fixture.engine.startContainer(id);
    return id;
  }

  describe('updating', () => {
    it('shows that a container has no limits', async () => {
      const id = await fixture.started();
      expect((await fixture.observed(id))?.resources).to.deep.equal({ nanoCpus: 0, memoryBytes: 0 });
    });

    it('raises and lowers limits of a running container, and gives one to a container without', async () => {
      const id = await limited(500_000_000, 128 * MIB);
      const startedAt = (await fixture.observed(id))?.startedAt;
      for (const resources of [
        { nanoCpus: 750_000_000, memoryBytes: 256 * MIB },
        { nanoCpus: 250_000_000, memoryBytes: 192 * MIB },
      ]) {
        await fixture.engine.updateContainer(id, resources);
        expect((await fixture.observed(id))?.resources).to.deep.equal(resources);
      }
      expect(await fixture.observed(id)).to.deep.include({ state: 'running', startedAt });
      const unlimited = await fixture.started({ index: 1 });
      await fixture.engine.updateContainer(unlimited, { nanoCpus: 500_000_000, memoryBytes: 128 * MIB });
      expect((await fixture.observed(unlimited))?.resources).to.deep.equal({
        nanoCpus: 500_000_000,
        memoryBytes: 128 * MIB,
      });
    });

    it('is success for limits that the container has already', async () => {
      const id = await fixture.started();
      await fixture.engine.updateContainer(id, { nanoCpus: 0, memoryBytes: 0 });
      expect((await fixture.observed(id))?.resources).to.deep.equal({ nanoCpus: 0, memoryBytes: 0 });
    });

    it('refuses to take a limit off, and changes nothing then', async () => {
      const resources = { nanoCpus: 500_000_000, memoryBytes: 128 * MIB };
      const id = await limited(resources.nanoCpus, resources.memoryBytes);
      for (const wanted of [
        { nanoCpus: 0, memoryBytes: 256 * MIB },
        { nanoCpus: 250_000_000, memoryBytes: 0 },
      ]) {
        await expectRefusal('EngineRefused', fixture.engine.updateContainer(id, wanted));
        expect((await fixture.observed(id))?.resources).to.deep.equal(resources);
      }
    });

    it('refuses a container that is gone', async () => {
      const id = await fixture.started();
      await fixture.host.remove(id);
      const resources = { nanoCpus: 500_000_000, memoryBytes: 0 };
      await expectRefusal('ContainerNotFound', fixture.engine.updateContainer(id, resources));
    });
  });
}
