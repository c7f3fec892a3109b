import { expect } from 'chai';
import { expectRefusal, type Fixture } from './fixture.ts';

export function volumesContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  async function withVolumes(...names: string[]): Promise<string> {
    const volumes = names.map((volume) => ({
      source: { volume },
      mountPath: `/state/${volume}`,
      readOnly: false,
    }));
    return await fixture.engine.createContainer({ ...fixture.spec(), volumes });
  }

  describe('volumes', () => {
    it('are listed with their app, whether a container has them or not', async () => {
      const id = await withVolumes('data', 'cache');
      const expected = (inUse: boolean) =>
        ['cache', 'data'].map((volume) => ({
          name: `autoserve-${fixture.installation}-${fixture.app}-${volume}`,
          app: fixture.app,
          volume,
          inUse,
        }));
      expect(await fixture.engine.listVolumes()).to.deep.equal(expected(true));
      await fixture.engine.removeContainer(id);
      expect(await fixture.engine.listVolumes()).to.deep.equal(expected(false));
    });

    it('are removed only when no container has them', async () => {
      const id = await withVolumes('data');
      const name = `autoserve-${fixture.installation}-${fixture.app}-data`;
      const error = await expectRefusal('EngineRefused', fixture.engine.removeVolume(name));
      expect(error.message).to.include('in use');
      await fixture.engine.removeContainer(id);
      await fixture.engine.removeVolume(name);
      expect(await fixture.engine.listVolumes()).to.be.empty;
      await fixture.engine.removeVolume(name);
    });

    it('of other installations are not listed, nor removed', async () => {
      await fixture.engine.removeContainer(await withVolumes('data'));
      const other = fixture.host.engine(await fixture.addInstallation());
      const name = `autoserve-${fixture.installation}-${fixture.app}-data`;
      expect(await other.listVolumes()).to.be.empty;
      await expectRefusal('EngineRefused', other.removeVolume(name));
      expect(await fixture.engine.listVolumes()).to.have.length(1);
    });
  });
}
