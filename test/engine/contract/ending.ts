import { expect } from 'chai';
import type { EndedBy, EngineWatch } from '../../../src/engine/engine.ts';
import { eventually } from '../../eventually.ts';
import { specOf, type Fixture } from './fixture.ts';

export function endingContract(current: () => Fixture): void {
  let fixture: Fixture;
  let watch: EngineWatch;
  let heard: Set<string>;

  describe('the end of a container', () => {
    beforeEach(() => {
      fixture = current();
      heard = new Set();
      watch = fixture.engine.watch({
        onChange: (app) => heard.add(app),
        onReconnect: () => undefined,
        onDisconnect: () => undefined,
      });
    });

    afterEach(() => watch.close());

    /** Once this is heard, the watch is open. */
    async function opened(): Promise<void> {
      await fixture.engine.createContainer(specOf(fixture.host.image, `${fixture.app}-first`));
      await eventually(() => expect(heard).to.include(`${fixture.app}-first`));
    }

    async function expectEnd(id: string, endedBy: EndedBy): Promise<void> {
      await eventually(async () =>
        expect(await fixture.observed(id)).to.include({ state: 'exited', endedBy }),
      );
    }

    it('is its own when its process ends', async () => {
      await opened();
      const id = await fixture.started();
      await fixture.host.crash(id);
      await expectEnd(id, 'itself');
    });

    it('is told to be a stop, by whomever', async () => {
      await opened();
      const ids = [await fixture.started(), await fixture.started({ index: 1 })] as const;
      await fixture.host.stop(ids[0]);
      await fixture.engine.stopContainer(ids[1], 5);
      for (const id of ids) await expectEnd(id, 'stop');
    });

    it('is told to be a kill', async () => {
      await opened();
      const id = await fixture.started();
      await fixture.host.kill(id);
      await expectEnd(id, 'kill');
    });

    it('is forgotten when it is started anew', async () => {
      await opened();
      const id = await fixture.started();
      await fixture.host.kill(id);
      await expectEnd(id, 'kill');
      await fixture.engine.startContainer(id);
      expect(await fixture.observed(id)).to.include({ state: 'running', endedBy: null });
      await fixture.host.crash(id);
      await expectEnd(id, 'itself');
    });
  });
}
