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
      replica: null,
      installation: null,
      dockerHost: null,
      secretsDir: `${dataDir}/secrets`,
      logLevel: 'info',
      mode: 'enforce',
      ingress: {
        address: '127.0.0.1',
        port: 8080,
        tlsPort: null,
        image: 'nginx:1.28-alpine',
        certificatesDir: `${dataDir}/certificates`,
        maxBodyBytes: 64 * 2 ** 20,
      },
      listen: { host: '127.0.0.1', port: 7070 },
      resyncSeconds: 50,
      engineCalls: 3,
      policy: { allowHostPaths: [], allowedImages: [] },
      retention: {
        days: {
          events: 30,
          instanceMetrics: 7,
          appMetrics: 30,
          systemMetrics: 30,
          stoppedInstances: 7,
          closedOperations: 7,
          supersededRevisions: 90,
          scalingDecisions: 30,
          failures: 7,
          compressedEvents: 365,
        },
        intervalMinutes: 60,
        pgCron: false,
      },
      confirmPrune: false,
    });
    expect(config).to.be.frozen;
    expect(config.policy).to.be.frozen;
  });

  it('takes flags before the environment, the environment before the file, the file before defaults', async () => {
    await tree(folder.path, {
      'etc/autoserve.yaml':
        'manifests: apps\ndataDir: data\nlogLevel: warn\nresyncSeconds: 5\ningress: {address: "::1", certificatesDir: tls}\n',
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
      engineCalls: 3,
    });
    expect(config.ingress).to.include({
      address: '::1',
      certificatesDir: `${folder.path}/etc/tls`,
      port: 8080,
    });
  });

  it('keeps the periods that the file does not give', async () => {
    await tree(folder.path, { 'c.yaml': 'retention: {days: {events: 90}, pgCron: true}' });
    const { retention } = await loadConfig({ config: 'c.yaml' }, {}, folder.path);
    expect(retention).to.deep.include({ intervalMinutes: 60, pgCron: true });
    expect(retention.days).to.include({ events: 90, failures: 7 });
  });

  it('takes an empty variable for none', async () => {
    expect(await loadConfig({}, { AUTOSERVE_DATABASE_URL: '' }, '/')).to.include({ databaseUrl: null });
  });

  it('takes the URL of the replica and what is said about it from where each is given', async () => {
    await tree(folder.path, {
      'replica.yaml': 'replica: { url: "postgres://file/db", maxLagSeconds: 2 }\n',
      'prefer.yaml': 'replica: { prefer: false }\n',
      'lag.yaml': 'replica: { maxLagSeconds: 0 }\n',
    });
    const replicaOf = async (config: string, env: Record<string, string> = {}, replicaUrl?: string) =>
      (await loadConfig({ config, ...(replicaUrl !== undefined && { replicaUrl }) }, env, folder.path))
        .replica;
    const fromFile = { url: 'postgres://file/db', prefer: true, maxLagSeconds: 2 };
    expect(await replicaOf('replica.yaml')).to.deep.equal(fromFile);
    const env = { AUTOSERVE_REPLICA_URL: 'postgres://env/db' };
    expect(await replicaOf('replica.yaml', env)).to.deep.equal({ ...fromFile, url: 'postgres://env/db' });
    expect(await replicaOf('prefer.yaml', env, 'postgres://flag/db')).to.deep.equal({
      url: 'postgres://flag/db',
      prefer: false,
      maxLagSeconds: 10,
    });
    expect(await replicaOf('prefer.yaml')).to.equal(null);
    for (const wrongOne of [replicaOf('lag.yaml'), replicaOf('prefer.yaml', {}, 'mysql://db')])
      expect(await wrongOne.catch((error: unknown) => error)).to.have.property('code', 'UsageError');
  });

  const wrong: [title: string, text: string, message: RegExp][] = [
    ['an unknown setting', 'manifest: a', /the file: unknown setting "manifest"/],
    [
      'an address that is none',
      'ingress: {address: localhost}',
      /:\n {2}ingress.address: must be ipv4 or ipv6$/,
    ],
    [
      'one port for http and https',
      'ingress: {port: 8443, tlsPort: 8443}',
      /^ingress\.port and ingress\.tlsPort are both at 127\.0\.0\.1:8443$/,
    ],
    [
      'the port of the ingress as its own',
      'listen: "127.0.0.1:8080"',
      /^ingress\.port and listen are both at 127\.0\.0\.1:8080$/,
    ],
    [
      'the port for https as its own',
      'listen: "[::1]:8443"\ningress: {address: "::1", tlsPort: 8443}',
      /^ingress\.tlsPort and listen are both at \[::1\]:8443$/,
    ],
    [
      'a body larger than can be told',
      'ingress: {maxBodyBytes: 1e16}',
      /ingress.maxBodyBytes: must be <= 9007199254740991/,
    ],
    ['a wrong value', 'resyncSeconds: often', /resyncSeconds: must be number/],
    ['a period that is none', 'retention: {days: {events: 0}}', /retention.days.events: must be >= 1/],
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

  it('takes one port twice where they are at two addresses or hosts, or there is no ingress', async () => {
    const files = {
      'addresses.yaml': 'listen: "127.0.0.2:8080"\n',
      'hosts.yaml': 'listen: "127.0.0.1:8080"\ndockerHost: tcp://docker.example.com:2376\n',
      'no-ingress.yaml': 'listen: "127.0.0.1:8080"\ningress: {port: 0, tlsPort: 8080}\n',
    };
    await tree(folder.path, files);
    for (const config of Object.keys(files))
      expect((await loadConfig({ config }, {}, folder.path)).listen).to.include({ port: 8080 });
  });

  it('refuses an installation that cannot be a label', async () => {
    const error = await loadConfig({ installation: 'Not this' }, {}, '/').catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'UsageError');
  });
});
