import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { converged } from './agreement.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { manifestOf } from './manifest.ts';

const SECRET = 'correct-horse-battery-staple';
const ROTATED = 'another-horse-another-staple';

describe('What a manifest declares arrives in the container:', () => {
  const installation = useInstallation();
  const app = installation.nameOf('web');
  let container: Container;

  before(async () => {
    await installation.putSecret('db', 'password', `${SECRET}\n`);
    const env = [
      { name: 'COLOUR', value: 'green' },
      { name: 'DB_PASSWORD', source: 'secret', key: 'db', field: 'password' },
      { name: 'MY_IP', source: 'sdk', key: 'instance.ip' },
      { name: 'MY_PORT', source: 'sdk', key: 'instance.port' },
      { name: 'MY_INDEX', source: 'sdk', key: 'instance.index' },
      { name: 'MY_APP', source: 'sdk', key: 'app.name' },
      { name: 'MY_REPLICAS', source: 'sdk', key: 'app.replicas' },
    ];
    const spec = {
      env,
      user: '65534:65534',
      workingDir: '/tmp',
      resources: { cpu: '500m', memory: '128Mi' },
      volumes: [
        { name: 'data', mountPath: '/data' },
        { name: 'fixed', mountPath: '/fixed', readOnly: true },
      ],
    };
    await installation.put('web.yaml', manifestOf(app, { spec }));
    [container] = (await converged(installation, app, 1)) as [Container];
  });

  it('its environment', async () => {
    expect(await inContainer('process.env')).to.include({ COLOUR: 'green', DB_PASSWORD: SECRET });
  });

  it('what AutoServe knows of the instance', async () => {
    const expected = { MY_PORT: '8080', MY_INDEX: '0', MY_APP: app, MY_REPLICAS: '1' };
    expect(await inContainer('process.env')).to.include(expected);
    const addresses = await inContainer(
      'Object.values(os.networkInterfaces()).flat().map(({ address }) => address)',
    );
    expect(addresses).to.include(await inContainer('process.env.MY_IP'));
  });

  it('its user and its working directory', async () => {
    expect(await inContainer('[process.getuid(), process.getgid()]')).to.deep.equal([65534, 65534]);
    const { Config } = await installation.docker.getContainer(container.id).inspect();
    expect(Config.WorkingDir).to.equal('/tmp');
  });

  it('its limits', async () => {
    const { HostConfig } = await installation.docker.getContainer(container.id).inspect();
    expect(HostConfig.NanoCpus).to.equal(500_000_000);
    expect(HostConfig.Memory).to.equal(128 * 1024 * 1024);
    // Memory limits hold without swap to evade to.
    expect(HostConfig.MemorySwap).to.equal(HostConfig.Memory);
  });

  it('its volumes, which outlive an instance', async () => {
    await inContainer('fs.writeFileSync("/data/note", "kept")');
    const refused = await inContainer('fs.promises.writeFile("/fixed/note", "").catch(({ code }) => code)');
    expect(refused).to.equal('EROFS');
    const victim = container;
    await installation.docker.getContainer(victim.id).kill();
    await eventually(async () => {
      [container] = (await converged(installation, app, 1)) as [Container];
      expect(container.id).not.to.equal(victim.id);
    });
    expect(await inContainer('fs.readFileSync("/data/note", "utf8")')).to.equal('kept');
  });

  it('its secret, of which nothing is found anywhere else', async () => {
    const { Config } = await installation.docker.getContainer(container.id).inspect();
    expect(Config.Env).to.include(`DB_PASSWORD=${SECRET}`);
    expect(JSON.stringify({ ...Config, Env: [] })).not.to.include(SECRET);
    expect(await tablesWith('COLOUR')).to.include('applications');
    expect(await tablesWith(SECRET)).to.deep.equal([]);
    expect(installation.log).not.to.include(SECRET);
  });

  it('its secret’s new value, when that is rotated', async () => {
    await installation.putSecret('db', 'password', ROTATED);
    // Secrets are looked at when manifests are: at every resync, and when a manifest is written.
    await installation.put('other.yaml', manifestOf(installation.nameOf('other')));
    [container] = (await converged(installation, app, 1, 2)) as [Container];
    expect(await inContainer('process.env.DB_PASSWORD')).to.equal(ROTATED);
    expect(await tablesWith(ROTATED)).to.deep.equal([]);
    expect(await tablesWith(SECRET)).to.deep.equal([]);
    expect(installation.log).not.to.include(ROTATED);
  });

  it('the network, on which an app is reached by its name', async () => {
    const other = installation.nameOf('other');
    const instances = (await converged(installation, other, 1)).map(({ id }) => id.slice(0, 12));
    // Without a health check it counts as ready before it listens.
    const reply = await eventually(
      async () => await inContainer(`fetch('http://${other}:8080/').then((reply) => reply.text())`),
    );
    expect(reply).to.include(instances[0]);
  });

  async function inContainer(expression: string): Promise<unknown> {
    return await installation.containers.evaluate(container.id, expression);
  }

  /** Names of the tables that hold a text in any column of any row. */
  async function tablesWith(text: string): Promise<string[]> {
    const tables = await installation.query<{ name: string }>(
      `SELECT quote_ident(relname) AS name FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm')`,
    );
    const holding = await Promise.all(
      tables.map(async ({ name }) => {
        const rows = await installation.query(
          `SELECT FROM ${name} AS row WHERE strpos(row::text, $1) > 0 LIMIT 1`,
          [text],
        );
        return rows.length > 0 ? [name] : [];
      }),
    );
    return holding.flat();
  }
});
