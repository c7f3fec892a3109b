import { expect } from 'chai';
import { SECRET_VALUE, expectRefusal, type Fixture } from './fixture.ts';

export function creationContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  describe('creation', () => {
    it('makes a container that does not run yet, with its identity to be read back', async () => {
      const wanted = fixture.spec({ index: 3, revision: 7, attempt: 2, restarts: 1 });
      const id = await fixture.engine.createContainer(wanted);
      const { containers } = await fixture.engine.observe();
      expect(containers).to.have.length(1);
      expect(containers[0]).to.include({
        id,
        name: wanted.identity.name,
        state: 'created',
        ip: null,
        startedAt: null,
        finishedAt: null,
        exitCode: null,
        oomKilled: false,
        endedBy: null,
        resources: null,
      });
      expect(containers[0]?.identity).to.deep.equal(wanted.identity);
    });

    it('returns the same container when it is asked for again', async () => {
      const id = await fixture.engine.createContainer(fixture.spec());
      expect(await fixture.engine.createContainer(fixture.spec())).to.equal(id);
      expect(await fixture.host.engine(fixture.installation).createContainer(fixture.spec())).to.equal(id);
      expect((await fixture.engine.observe()).containers).to.have.length(1);
    });

    it('makes one container of concurrent requests for the same one', async () => {
      const engines = [
        fixture.engine,
        fixture.host.engine(fixture.installation),
        fixture.host.engine(fixture.installation),
      ];
      const ids = await Promise.all(
        engines.flatMap((each) => [1, 2, 3].map(() => each.createContainer(fixture.spec()))),
      );
      expect(new Set(ids).size).to.equal(1);
      expect((await fixture.engine.observe()).containers).to.have.length(1);
    });

    it('refuses a name that a foreign container has, names that container and leaves it running', async () => {
      const id = await fixture.addForeign(fixture.spec().identity.name);
      const error = await expectRefusal('NameTaken', fixture.engine.createContainer(fixture.spec()));
      expect(error.message).to.include(id.slice(0, 12));
      expect(await fixture.host.isRunning(id)).to.be.true;
    });

    it('refuses a name that another application of this installation has', async () => {
      await fixture.engine.createContainer(fixture.spec());
      await expectRefusal('NameTaken', fixture.engine.createContainer(fixture.spec({ appUid: 'another' })));
    });

    it('refuses a name that another installation has', async () => {
      const other = fixture.host.engine(await fixture.addInstallation());
      await other.createContainer(fixture.spec());
      await expectRefusal('NameTaken', fixture.engine.createContainer(fixture.spec()));
    });

    it('passes literal variables and secrets to the container', async () => {
      const id = await fixture.engine.createContainer({
        ...fixture.spec(),
        env: [
          { name: 'MODE', value: 'a=b c' },
          { name: 'PASSWORD', secret: { key: 'db', field: 'password' } },
        ],
      });
      expect(await fixture.host.environment(id)).to.include.members([
        'MODE=a=b c',
        `PASSWORD=${SECRET_VALUE}`,
      ]);
    });

    it('refuses a container whose secret is missing, and creates nothing', async () => {
      const env = [{ name: 'TOKEN', secret: { key: 'none', field: 'token' } }];
      const error = await expectRefusal(
        'SecretMissing',
        fixture.engine.createContainer({ ...fixture.spec(), env }),
      );
      expect(error.message).to.include('none/token');
      expect((await fixture.engine.observe()).containers).to.be.empty;
    });

    it('tells containers that ask for it the address they will have, each its own', async () => {
      const ids = await Promise.all(
        [0, 1, 2].map((index) =>
          fixture.engine.createContainer({
            ...fixture.spec({ index }),
            env: [{ name: 'SELF', instance: 'ip' as const }],
          }),
        ),
      );
      // Started among containers whose address Docker chooses.
      for (const [index, id] of ids.entries()) {
        await fixture.started({ index: index + 3 });
        await fixture.engine.startContainer(id);
      }
      const { containers } = await fixture.engine.observe();
      expect(new Set(containers.map(({ ip }) => ip)).size).to.equal(6);
      for (const id of ids) {
        const ip = containers.find((container) => container.id === id)?.ip;
        expect(await fixture.host.environment(id)).to.include(`SELF=${ip}`);
      }
    });
  });
}
