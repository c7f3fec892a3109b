import { expect } from 'chai';
import { eventually } from '../../eventually.ts';
import { expectRefusal, specOf, type Fixture } from './fixture.ts';

export function observationContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  describe('observation', () => {
    it('shows a killed container with its exit code, and again the same', async () => {
      const id = await fixture.started();
      await fixture.observed(id);
      await fixture.host.kill(id);
      await eventually(async () => {
        expect(await fixture.observed(id)).to.include({ state: 'exited', exitCode: 137, ip: null });
      });
      const container = await fixture.observed(id);
      expect(container?.finishedAt?.getTime()).to.be.at.least(container?.startedAt?.getTime() ?? Infinity);
      expect(await fixture.host.engine(fixture.installation).observe()).to.deep.equal(
        await fixture.engine.observe(),
      );
    });

    it('shows a paused container', async () => {
      const id = await fixture.started();
      await fixture.observed(id);
      await fixture.host.pause(id);
      expect((await fixture.observed(id))?.state).to.equal('paused');
    });

    it('shows the name a container has now beside the one it was given', async () => {
      const id = await fixture.started();
      await fixture.observed(id);
      await fixture.host.rename(id, `${fixture.app}-renamed`);
      expect(await fixture.observed(id)).to.include({ name: `${fixture.app}-renamed`, state: 'running' });
      expect((await fixture.observed(id))?.identity.name).to.equal(fixture.spec().identity.name);
    });

    it('shows a container without an address when it is disconnected from the network', async () => {
      const id = await fixture.started();
      expect((await fixture.observed(id))?.ip).to.not.equal(null);
      await fixture.host.disconnect(id, fixture.installation);
      expect(await fixture.observed(id)).to.include({ state: 'running', ip: null });
    });

    it('lacks a container that was removed, also when it is asked for', async () => {
      const id = await fixture.started();
      await fixture.observed(id);
      await fixture.host.remove(id);
      expect((await fixture.engine.observe([id])).containers).to.be.empty;
    });

    it('has each known container once', async () => {
      const id = await fixture.started();
      expect((await fixture.engine.observe([id, id])).containers).to.have.length(1);
    });
  });

  describe('containers of others', () => {
    let strangers: string[];

    beforeEach(async () => {
      const other = await fixture.addInstallation();
      const engine = fixture.host.engine(other);
      const id = await engine.createContainer(specOf(fixture.host.image, `app-${other}`));
      await engine.startContainer(id);
      strangers = [id, await fixture.addForeign(`foreign-${other}`)];
    });

    it('are never observed', async () => {
      expect((await fixture.engine.observe()).containers).to.be.empty;
    });

    it('are never touched: every call with their id is refused', async () => {
      for (const id of strangers) {
        await expectRefusal('EngineRefused', fixture.engine.startContainer(id));
        await expectRefusal('EngineRefused', fixture.engine.stopContainer(id, 0));
        await expectRefusal('EngineRefused', fixture.engine.removeContainer(id));
        await expectRefusal('EngineRefused', fixture.engine.logs(id, 10));
        await expectRefusal('EngineRefused', fixture.output(id));
        await expectRefusal(
          'EngineRefused',
          fixture.engine.updateContainer(id, { nanoCpus: 500_000_000, memoryBytes: 0 }),
        );
        expect(await fixture.host.isRunning(id)).to.be.true;
      }
    });
  });
}
