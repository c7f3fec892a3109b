import { expect } from 'chai';
import { credentialsFor } from '../../../src/engine/docker/credentials.ts';
import { expectRefusal } from '../contract/fixture.ts';
import { DockerConfigDirectory, base64Login } from './docker-config.ts';

describe('credentialsFor', () => {
  let config: DockerConfigDirectory;

  beforeEach(async () => {
    config = await DockerConfigDirectory.open();
  });
  afterEach(async () => await config.close());

  const login = base64Login('ann', 'a:b');
  const ann = { username: 'ann', password: 'a:b' };

  it('finds none without a configuration, and none for another registry', async () => {
    expect(await credentialsFor('ghcr.io/shop:1', config.path)).to.equal(undefined);
    await config.write({ auths: { 'ghcr.io': login } });
    expect(await credentialsFor('ghcr.io.example.org/shop:1', config.path)).to.equal(undefined);
    expect(await credentialsFor('shop:1', config.path)).to.equal(undefined);
  });

  const stored: [string, object, string, object][] = [
    ['by host', { 'ghcr.io': login }, 'ghcr.io/shop:1', { ...ann, serveraddress: 'ghcr.io' }],
    ['by host and port', { 'r:5000': login }, 'r:5000/a/shop', { ...ann, serveraddress: 'r:5000' }],
    [
      'by address',
      { 'https://ghcr.io/v2/': login },
      'ghcr.io/shop@sha256:1',
      { ...ann, serveraddress: 'ghcr.io' },
    ],
    [
      'of Docker Hub',
      { 'https://index.docker.io/v1/': login },
      'shop:1',
      { ...ann, serveraddress: 'https://index.docker.io/v1/' },
    ],
    [
      'as a token',
      { 'ghcr.io': { ...login, identitytoken: 't' } },
      'ghcr.io/shop',
      { identitytoken: 't', serveraddress: 'ghcr.io' },
    ],
  ];
  for (const [how, auths, image, expected] of stored) {
    it(`reads a login that is stored ${how}`, async () => {
      await config.write({ auths });
      expect(await credentialsFor(image, config.path)).to.deep.equal(expected);
    });
  }

  it("asks the registry's helper, with its address on stdin, before that of all and what is stored", async () => {
    await config.write({ auths: { 'a.io': login }, credHelpers: { 'a.io': 'one' }, credsStore: 'two' });
    await config.addHelper('one', `echo "{\\"Username\\":\\"$1 $(cat)\\",\\"Secret\\":\\"s\\"}"`);
    await config.addHelper('two', `echo '{"Username":"<token>","Secret":"t"}'`);
    expect(await credentialsFor('a.io/shop', config.path)).to.deep.equal({
      username: 'get a.io',
      password: 's',
      serveraddress: 'a.io',
    });
    expect(await credentialsFor('b.io/shop', config.path)).to.deep.equal({
      identitytoken: 't',
      serveraddress: 'b.io',
    });
  });

  it('finds none where the helper knows none', async () => {
    await config.write({ credsStore: 'one' });
    await config.addHelper('one', `echo 'credentials not found in native keychain'; exit 1`);
    expect(await credentialsFor('a.io/shop', config.path)).to.equal(undefined);
  });

  it('names the helper that fails, is not there, or says nothing of use', async () => {
    await config.addHelper('locked', `echo 'the keychain is locked' >&2; exit 3`);
    await config.addHelper('odd', `echo '"secret"'`);
    const failures = [
      ['locked', 'the keychain is locked'],
      ['absent', 'ENOENT'],
      ['odd', 'no Username and Secret'],
      ['../escape', 'no name of a helper'],
    ] as const;
    for (const [credsStore, reason] of failures) {
      await config.write({ credsStore });
      const error = await expectRefusal('ImagePullFailed', credentialsFor('a.io/shop', config.path));
      expect(error.message).to.include(`docker-credential-${credsStore}`).and.include(reason);
      expect(error.message).to.not.include('"secret"');
      expect(error.remedy).to.include('docker login');
    }
  });

  it('names the file that is not JSON, and says nothing of what is in it', async () => {
    await config.write('{"auths": sesame}');
    const error = await expectRefusal('ImagePullFailed', credentialsFor('a.io/shop', config.path));
    expect(error.message).to.include(config.path).and.not.include('sesame');
  });
});
