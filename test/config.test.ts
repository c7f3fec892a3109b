import { expect } from 'chai';
import { loadConfig } from '../src/config.ts';
import { temporaryFolder } from './cli/temporary-folder.ts';
import { tree } from './source/tree.ts';

describe('the configuration', () => {
  const folder = temporaryFolder();

  it('has defaults, with absolute paths', async () => {
    const config = await loadConfig({}, { XDG_DATA_HOME: '/xdg' }, '/here');
    const dataDir = process.getuid?.() === 0 ? '/var/lib/autoserve' : '/xdg/autoserve';
    expect(config).to.deep.equal({
      manifests: '/here/manifests',
      dataDir,
      databaseUrl: null,
      installation: null,
      dockerHost: null,
      secretsDir: `${dataDir}/secrets`,
      logLevel: 'info',
      resyncSeconds: 60,
      engineCalls: 2,
      policy: { allowHostPaths: [], allowedImages: [] },
      confirmPrune: false,
    });
    expect(config).to.be.frozen;
    expect(config.policy).to.be.frozen;
  });

  it('takes flags before the environment, the environment before the file, the file before defaults', async () => {
    await tree(folder.path, {
      'etc/autoserve.yaml': 'manifests: apps\ndataDir: data\nlogLevel: warn\nresyncSeconds: 5\n',
    });
    const env = {
      AUTOSERVE_CONFIG: 'etc/autoserve.yaml',
      AUTOSERVE_LOG_LEVEL: 'error',
      AUTOSERVE_DATA_DIR: 'env',
    };
    const config = await loadConfig({ dataDir: 'flag' }, env, folder.path);
    expect(config).to.include({
      manifests: `${folder.path}/etc/apps`,
      dataDir: `${folder.path}/flag`,
      secretsDir: `${folder.path}/flag/secrets`,
      logLevel: 'error',
      resyncSeconds: 5,
      engineCalls: 2,
    });
  });

  it('takes an empty variable for none', async () => {
    expect(await loadConfig({}, { AUTOSERVE_DATABASE_URL: '' }, '/')).to.include({ databaseUrl: null });
  });

  const wrong: [title: string, text: string, message: RegExp][] = [
    ['an unknown setting', 'manifest: a', /the file: unknown setting "manifest"/],
    ['a wrong value', 'resyncSeconds: often', /resyncSeconds: must be number/],
    ['what is no mapping', '- a', /the file: must be object/],
    ['broken YAML', 'a: [', /cannot read the configuration/],
  ];
  for (const [title, text, message] of wrong)
    it(`refuses a file with ${title}`, async () => {
      await tree(folder.path, { 'c.yaml': text });
      const error = await loadConfig({ config: 'c.yaml' }, {}, folder.path).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.have.property('code', 'UsageError');
      expect(error).to.have.property('message').that.matches(message);
    });

  it('refuses an installation that cannot be a label', async () => {
    const error = await loadConfig({ installation: 'Not this' }, {}, '/').catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'UsageError');
  });
});
