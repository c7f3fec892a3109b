import { expect } from 'chai';
import { eventually } from '../../eventually.ts';
import type { Fixture } from './fixture.ts';

const MIB = 2 ** 20;

export function usageContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  describe('usage', () => {
    it('is shown for a running container, with the limits that it has now', async () => {
      const { engine } = fixture;
      const limits = { nanoCpus: 500_000_000, memoryBytes: 256 * MIB };
      const id = await engine.createContainer({ ...fixture.spec(), ...limits });
      await engine.startContainer(id);
      const first = (await engine.usage.stats([id])).get(id);
      expect(first).to.include({ nanoCpus: 500_000_000, memoryLimitBytes: 256 * MIB });
      expect(first?.memoryBytes).to.be.within(1, 256 * MIB);
      await engine.updateContainer(id, { ...limits, nanoCpus: 750_000_000 });
      const second = (await engine.usage.stats([id])).get(id);
      expect(second?.nanoCpus).to.equal(750_000_000);
      expect(second?.cpuNanos).to.be.at.least(first?.cpuNanos ?? Number.NaN);
      expect(second?.at).to.be.at.least(first?.at ?? Number.NaN);
    });

    it('has no limits where a container has none', async () => {
      const id = await fixture.started();
      const stats = (await fixture.engine.usage.stats([id])).get(id);
      expect(stats).to.include({ nanoCpus: null, memoryLimitBytes: null });
    });

    it('leaves out what does not run, is gone or is of another installation', async () => {
      const { engine, host } = fixture;
      const running = await fixture.started();
      const created = await engine.createContainer(fixture.spec({ index: 1 }));
      const ended = await fixture.started({ index: 2 });
      await host.kill(ended);
      await eventually(async () => expect(await host.isRunning(ended)).to.be.false);
      const gone = await fixture.started({ index: 3 });
      await host.remove(gone);
      const other = host.engine(await fixture.addInstallation());
      expect([...(await other.usage.stats([running])).keys()]).to.deep.equal([]);
      const stats = await engine.usage.stats([running, created, ended, gone]);
      expect([...stats.keys()]).to.deep.equal([running]);
    });

    it('of disks is listed for all containers of the installation', async () => {
      const id = await fixture.started();
      const other = fixture.host.engine(await fixture.addInstallation());
      const disk = await fixture.engine.usage.diskUsage();
      expect([...disk.keys()]).to.deep.equal([id]);
      expect(disk.get(id)).to.be.at.least(0);
      expect(await other.usage.diskUsage()).to.be.empty;
    });

    it('of the host comes with its size', async () => {
      const host = await fixture.engine.usage.host();
      expect(host.cpus).to.be.at.least(1);
      expect(host.memoryBytes).to.be.at.least(64 * MIB);
      expect(host.usage?.memoryBytes ?? 0).to.be.below(host.memoryBytes);
    });
  });
}
