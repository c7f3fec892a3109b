import { expect } from 'chai';
import { eventually } from '../../eventually.ts';
import { expectRefusal, type Fixture } from './fixture.ts';

export function lifecycleContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  describe('starting', () => {
    it('makes the container run with an address', async () => {
      const before = await fixture.engine.createContainer(fixture.spec());
      await fixture.engine.startContainer(before);
      const container = await fixture.observed(before);
      expect(container?.state).to.equal('running');
      expect(container?.ip).to.match(/^\d+\.\d+\.\d+\.\d+$/);
      expect(container?.startedAt?.getTime()).to.be.at.least(container?.createdAt.getTime() ?? Infinity);
    });

    it('leaves a running container as it is', async () => {
      const id = await fixture.started();
      const first = await fixture.observed(id);
      await fixture.engine.startContainer(id);
      expect(await fixture.observed(id)).to.deep.equal(first);
    });

    it('starts a stopped container anew', async () => {
      const id = await fixture.started();
      await fixture.host.kill(id);
      const ended = await eventually(async () => {
        const container = await fixture.observed(id);
        expect(container?.state).to.equal('exited');
        return container?.finishedAt?.getTime() ?? Infinity;
      });
      await fixture.engine.startContainer(id);
      const container = await fixture.observed(id);
      expect(container).to.include({ state: 'running', exitCode: null, finishedAt: null });
      expect(container?.startedAt?.getTime()).to.be.at.least(ended);
    });

    it('refuses a paused container', async () => {
      const id = await fixture.started();
      await fixture.host.pause(id);
      await expectRefusal('EngineRefused', fixture.engine.startContainer(id));
    });

    it('refuses a container that is gone', async () => {
      const id = await fixture.engine.createContainer(fixture.spec());
      await fixture.host.remove(id);
      await expectRefusal('ContainerNotFound', fixture.engine.startContainer(id));
      await expectRefusal('ContainerNotFound', fixture.host.engine(fixture.installation).startContainer(id));
    });
  });

  describe('stopping', () => {
    it('ends the process and keeps the container', async () => {
      const id = await fixture.started();
      await fixture.engine.stopContainer(id, 5);
      const container = await fixture.observed(id);
      expect(container).to.include({ state: 'exited', ip: null, oomKilled: false });
      expect(container?.exitCode).to.be.a('number');
      expect(container?.finishedAt).to.be.an.instanceOf(Date);
    });

    it('works on a paused container', async () => {
      const id = await fixture.started();
      await fixture.host.pause(id);
      await fixture.engine.stopContainer(id, 5);
      expect((await fixture.observed(id))?.state).to.equal('exited');
    });

    it('is success for one that is stopped, was never started, or is gone', async () => {
      const id = await fixture.engine.createContainer(fixture.spec());
      await fixture.engine.stopContainer(id, 5);
      expect((await fixture.observed(id))?.state).to.equal('created');
      await fixture.engine.startContainer(id);
      await fixture.engine.stopContainer(id, 5);
      await fixture.engine.stopContainer(id, 5);
      await fixture.host.remove(id);
      await fixture.engine.stopContainer(id, 5);
    });
  });

  describe('removal', () => {
    it('removes running, paused, stopped and created containers', async () => {
      const ids = await Promise.all([0, 1, 2].map((index) => fixture.started({ index })));
      ids.push(await fixture.engine.createContainer(fixture.spec({ index: 3 })));
      await fixture.host.pause(ids[1] ?? '');
      await fixture.engine.stopContainer(ids[2] ?? '', 5);
      for (const id of ids) await fixture.engine.removeContainer(id);
      expect((await fixture.engine.observe()).containers).to.be.empty;
    });

    it('is success for one that is gone, and for concurrent removals', async () => {
      const id = await fixture.started();
      await Promise.all([
        fixture.engine.removeContainer(id),
        fixture.host.engine(fixture.installation).removeContainer(id),
      ]);
      expect(await fixture.host.exists(id)).to.be.false;
      await fixture.engine.removeContainer(id);
      await fixture.host.engine(fixture.installation).removeContainer(id);
    });

    it('frees the name', async () => {
      const id = await fixture.started();
      await fixture.engine.removeContainer(id);
      expect(await fixture.engine.createContainer(fixture.spec())).to.not.equal(id);
    });
  });
}
