import { expect } from 'chai';
import { expectRefusal, newInstallation, type Fixture } from './fixture.ts';

export function networkContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  describe('network', () => {
    it('is observed after it is created, and creating it again is success', async () => {
      await fixture.engine.createNetwork();
      expect(await fixture.engine.observe()).to.deep.equal({ containers: [], networkExists: true });
    });

    it('is observed as absent for an installation that has none', async () => {
      const other = await fixture.host.engine(newInstallation()).observe();
      expect(other.networkExists).to.be.false;
    });

    it('is created once by concurrent calls', async () => {
      await fixture.host.removeNetwork(fixture.installation);
      await Promise.all([
        fixture.engine.createNetwork(),
        fixture.host.engine(fixture.installation).createNetwork(),
      ]);
      expect((await fixture.engine.observe()).networkExists).to.be.true;
    });

    it('is needed to create a container', async () => {
      const other = fixture.host.engine(newInstallation());
      await expectRefusal('NetworkNotFound', other.createContainer(fixture.spec()));
    });

    it('is needed to start a container, and the container starts when the network is back', async () => {
      const id = await fixture.engine.createContainer(fixture.spec());
      await fixture.host.removeNetwork(fixture.installation);
      await expectRefusal('NetworkNotFound', fixture.engine.startContainer(id));
      await fixture.engine.createNetwork();
      await fixture.engine.startContainer(id);
      expect((await fixture.observed(id))?.state).to.equal('running');
    });
  });

  describe('images', () => {
    it('resolves a present image to its id, the one that its containers show', async () => {
      const imageId = await fixture.engine.resolveImage(fixture.host.image, 'IfNotPresent');
      const id = await fixture.engine.createContainer(fixture.spec());
      expect((await fixture.observed(id))?.imageId).to.equal(imageId);
    });

    it('knows no digest of an image that was built on the host, and refuses one that is absent', async () => {
      expect(await fixture.engine.imageDigest(fixture.host.image)).to.equal(null);
      await expectRefusal('ImageNotFound', fixture.engine.imageDigest('autoserve/none:1'));
    });

    it('never pulls with policy Never', async () => {
      const error = await expectRefusal(
        'ImageNotFound',
        fixture.engine.resolveImage('autoserve/none:1', 'Never'),
      );
      expect(error.message).to.include('autoserve/none:1');
    });

    it('refuses to create a container of an absent image', async () => {
      await expectRefusal(
        'ImageNotFound',
        fixture.engine.createContainer({ ...fixture.spec(), image: 'autoserve/none:1' }),
      );
    });
  });
}
