import { expect } from 'chai';
import { autoserve } from './run.ts';
import { readInstallation, writeWhereabouts } from '../../src/store/installation.ts';
import { ageless, condition, event, instance, SeededDatabase } from './seeded-database.ts';

const containerId = 'c0ffee'.padEnd(64, '0');

describe('autoserve get and describe', () => {
  const installation = new SeededDatabase();

  /** The lines of a table without what depends on the clock. */
  const lines = (text: string): string[] =>
    ageless(text)
      .trimEnd()
      .split('\n')
      .map((line) => line.replaceAll(/ {2,}/g, '  '));

  before(async () => {
    await installation.start();
    await installation.migrate();
    const shop = await installation.declare('shop', 2);
    const cart = await installation.declare('cart', 2);
    await installation.report('shop', shop, 2, [condition('Ready', true, 'AllReady', '2 of 2 ready')]);
    await installation.report('cart', cart, 1, [
      condition('Ready', false, 'CrashLoop', 'cart-1-r1-1 exited 1, crash 3 in a row'),
    ]);
    await installation.store.writeStatus(
      [],
      [
        instance('cart', 0, { containerId, ip: '172.20.0.2' }),
        instance('cart', 1, { containerId: containerId.replace('c', 'd'), status: 'error', exitCode: 1 }),
        instance('shop', 0),
        instance('shop', 1),
      ],
    );
    await installation.store.appendEvents([
      event('cart', 'InstanceReplaced', 'cart-1-r1-2 started: cart-1-r1-1 exited 1'),
      event('cart', 'InstanceReplaced', 'cart-1-r1-3 started: cart-1-r1-2 exited 1'),
      event('shop', 'InstanceStarted', 'shop-0-r1-1 started'),
    ]);
  });

  after(() => installation.stop());

  it('shows apps as a table, with what keeps them from being ready', async () => {
    const { code, stdout } = await installation.run('get', 'apps');
    expect(code).to.equal(0);
    expect(lines(stdout)).to.deep.equal([
      'NAME  READY  STATUS  HEALTH  REVISION  SOURCE  AGE  MESSAGE',
      'cart  1/2  starting  -  1  cart.yaml@4f2a91c  Ns  cart-1-r1-1 exited 1, crash 3 in a row',
      'shop  2/2  running  -  1  shop.yaml@4f2a91c  Ns  -',
    ]);
  });

  it('takes singular names and flags anywhere, and prints names', async () => {
    expect(
      await autoserve(['--data-dir', installation.dataDir, 'get', 'app', 'shop', '-o', 'name']),
    ).to.deep.equal({
      code: 0,
      stdout: 'app/shop\n',
      stderr: '',
    });
  });

  it('prints JSON whose keys are the columns of the database', async () => {
    const [row] = JSON.parse((await installation.run('get', 'app', 'shop', '-o', 'json')).stdout) as object[];
    const columns = await installation.database.query<{ name: string }>(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'applications'",
    );
    expect(row).to.have.all.keys(columns.map(({ name }) => name));
    expect(row).to.include({ name: 'shop', desired_replicas: 2, source_path: 'shop.yaml' });
  });

  it('prints YAML', async () => {
    const { stdout } = await installation.run('get', 'instances', 'shop-0-r1-1', '-o', 'yaml');
    expect(stdout).to.match(/^- id: \d+\n {2}app_name: shop\n/);
  });

  it('shows the instances of an app, events and manifests', async () => {
    expect(lines((await installation.run('get', 'instances', 'cart', '-o', 'wide')).stdout)).to.deep.equal([
      'NAME  APP  INDEX  STATUS  HEALTH  REVISION  RESTARTS  ADDRESS  EXIT  CONTAINER  AGE',
      'cart-0-r1-1  cart  0  running  -  1  0  172.20.0.2:80  -  c0ffee000000  Ns',
      'cart-1-r1-1  cart  1  error  -  1  0  -  1  d0ffee000000  Ns',
    ]);
    expect(lines((await installation.run('get', 'events', 'shop')).stdout)).to.deep.equal([
      'AGE  SEVERITY  REASON  APP  MESSAGE',
      'Ns  warning  InstanceStarted  shop  shop-0-r1-1 started',
    ]);
    expect(lines((await installation.run('get', 'manifest', 'cart.yaml')).stdout)).to.deep.equal([
      'PATH  STATUS  APPS  CHANGED  MESSAGE',
      'cart.yaml  accepted  cart  Ns ago  -',
    ]);
  });

  it('fails for a name that is not there, and names the next command', async () => {
    const { code, stdout, stderr } = await installation.run('get', 'app', 'nope');
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.equal('error: app "nope" not found\n  autoserve get apps\n');
    for (const command of [['get', 'instances'], ['get', 'events'], ['top']])
      expect(await installation.refused(...command, 'nope')).to.contain('app "nope" not found');
  });

  it('says when no AutoServe runs, for what is shown, and asked for, waits for one', async () => {
    await installation.endActing();
    const note = 'note: no AutoServe runs; things are as it left them   autoserve up\n';
    for (const command of [
      ['get', 'apps'],
      ['describe', 'app', 'shop'],
      ['why', 'shop'],
      ['pause', 'shop'],
    ])
      expect(await installation.run(...command)).to.include({ code: 0, stderr: note });
    await installation.beginActing();
    expect(await installation.run('resume', 'shop')).to.include({ code: 0, stderr: '' });
  });

  it('describes an app: spec, instances, conditions, folded events and what to do next', async () => {
    await readInstallation(installation.database, null);
    await writeWhereabouts(installation.database, { ingressPort: 8088, manifests: null });
    const { code, stdout } = await installation.run('describe', 'app', 'cart');
    expect(code).to.equal(0);
    expect(lines(stdout)).to.deep.equal([
      'App cart',
      '  status  starting, 1/2 ready',
      '  revision  1 (generation 1)',
      '  scaling  manual, 2',
      '  url  http://cart.localhost:8088/',
      '  source  cart.yaml@4f2a91c',
      '  age  Ns',
      '',
      'Spec',
      '  image  web:1 (pulled IfNotPresent)',
      '  type  http',
      '  scaling  manual, 2',
      '  ports  80/HTTP',
      '',
      'Instances',
      '  NAME  APP  INDEX  STATUS  HEALTH  REVISION  RESTARTS  ADDRESS  EXIT  CONTAINER  AGE',
      '  cart-0-r1-1  cart  0  running  -  1  0  172.20.0.2:80  -  c0ffee000000  Ns',
      '  cart-1-r1-1  cart  1  error  -  1  0  -  1  d0ffee000000  Ns',
      '',
      'Conditions',
      '  TYPE  STATUS  REASON  SINCE  MESSAGE',
      '  Ready  False  CrashLoop  Ns  cart-1-r1-1 exited 1, crash 3 in a row',
      '',
      'Events',
      '  Ns  warning  InstanceReplaced  cart-1-r1-3 started: cart-1-r1-2 exited 1  x2 over Ns',
      '',
      'Next: autoserve logs app cart',
    ]);
  });
});
