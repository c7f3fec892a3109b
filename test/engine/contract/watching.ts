import { expect } from 'chai';
import type { Engine, EngineListener } from '../../../src/engine/engine.ts';
import { eventually } from '../../eventually.ts';
import { specOf, type Fixture } from './fixture.ts';

export function watchingContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  describe('watching', () => {
    const lifecycle: [string, (id: string) => Promise<void>][] = [
      ['a death', async (id) => await fixture.host.kill(id)],
      ['a pause', async (id) => await fixture.host.pause(id)],
      ['a new name', async (id) => await fixture.host.rename(id, `${fixture.app}-renamed`)],
      [
        'a disconnection from the network',
        async (id) => await fixture.host.disconnect(id, fixture.installation),
      ],
      ['a removal', async (id) => await fixture.host.remove(id)],
    ];
    for (const [change, make] of lifecycle) {
      it(`reports ${change} when the observation shows it`, async () => {
        const id = await fixture.started();
        const before = JSON.stringify(await fixture.observed(id));
        let changing = false;
        let shown = false;
        const reported = new Set<string>();
        const watch = fixture.engine.watch(
          listener((app) => {
            reported.add(app);
            if (!changing || app !== fixture.app) return;
            void fixture.observed(id).then((now) => (shown ||= JSON.stringify(now) !== before));
          }),
        );
        try {
          // What was before the watch may be reported, too; once this is, all that was before it has been.
          await fixture.engine.createContainer(specOf(fixture.host.image, `${fixture.app}-last`));
          await eventually(() => expect(reported).to.include(`${fixture.app}-last`));
          changing = true;
          await make(id);
          await eventually(() => expect(shown).to.be.true);
        } finally {
          watch.close();
        }
      });
    }

    it('reports nothing of other installations, and nothing once closed', async () => {
      const reported: string[] = [];
      const listen = (engine: Engine, label: string) =>
        engine.watch(listener((app) => reported.push(`${label} ${app}`)));
      const other = fixture.host.engine(await fixture.addInstallation());
      const watches = [listen(fixture.engine, 'own'), listen(other, 'other')];
      listen(fixture.engine, 'closed').close();
      try {
        await fixture.started();
        await eventually(() => expect(reported).to.include(`own ${fixture.app}`));
        expect(new Set(reported)).to.deep.equal(new Set([`own ${fixture.app}`]));
      } finally {
        for (const watch of watches) watch.close();
      }
    });
  });
}

function listener(onChange: (app: string) => void): EngineListener {
  return { onChange, onReconnect: () => undefined, onDisconnect: () => undefined };
}
