import { expect } from 'chai';
import { Database } from '../../src/store/database.ts';
import { SeededDatabase } from './seeded-database.ts';

describe('autoserve db, on a database without a schema', () => {
  const installation = new SeededDatabase();

  before(() => installation.start());

  after(() => installation.stop());

  it('says how to make one, and makes it', async () => {
    const { code, stderr } = await installation.run('get', 'apps');
    expect(code).to.equal(1);
    expect(stderr).to.contain("has not AutoServe's present schema").and.to.contain('autoserve db migrate');

    expect((await installation.run('db', 'status')).stdout).to.match(/^pending {3}\d+/m);
    expect((await installation.run('db', 'migrate')).stdout).to.match(/^migrated:\n {2}\d+/);
    expect(JSON.parse((await installation.run('db', 'status', '-o', 'json')).stdout)).to.deep.include({
      pending: [],
    });
    expect((await installation.run('db', 'url')).stdout).to.equal(`${installation.url}\n`);
  });
});

describe('autoserve db', () => {
  const installation = new SeededDatabase();

  before(async () => {
    await installation.start();
    await installation.migrate();
    await installation.declare('web', 2);
  });

  after(() => installation.stop());

  it('status tells of the server, the sizes, the replica and what is kept of queries', async () => {
    const { stdout } = await installation.run('db', 'status');
    expect(stdout).to.match(/^database {2}postgresql:\/\/autoserve:\*\*\*@127\.0\.0\.1:\d+\/autoserve$/m);
    expect(stdout).to.match(/^server {4}PostgreSQL 18\.\d+$/m);
    expect(stdout).to.match(/^size {6}\d[\d.]* MiB$/m);
    expect(stdout).to.match(/^table {5}applications \d+ KiB$/m);
    expect(stdout).to.match(/^table {5}metrics \d+ KiB$/m);
    expect(stdout).not.to.match(/metrics_instance/);
    expect(stdout).to.match(/^replica {3}none$/m);
    expect(stdout).to.match(/^queries {3}kept by pg_stat_statements/m);

    const flags = ['--replica-url', 'postgres://reader:secret@127.0.0.1:1/autoserve'];
    const away = await installation.run('db', 'status', ...flags);
    expect(away.stdout).to.match(
      /^replica {3}not used: the replica postgres:\/\/reader:\*\*\*@127\.0\.0\.1:1/m,
    );
    const json = JSON.parse(
      (await installation.run('db', 'status', '-o', 'json', ...flags)).stdout,
    ) as object;
    expect(json).to.have.nested.property('replica.trouble', 'unreachable');
    expect(json).to.include({ pgStatStatements: true });
    expect(JSON.stringify(json)).not.to.contain('secret');
  });

  it('reads from the primary, and says so, while the replica cannot be used', async () => {
    const primary = ['--replica-url', installation.url];
    const { code, stdout, stderr } = await installation.run('get', 'apps', '-o', 'name', ...primary);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'app/web\n' });
    expect(stderr).to.match(/^warning: the replica .* is not in recovery.*; reads go to the primary\n$/);
  });

  it('explain gives a plan, and says what is wrong with a query', async () => {
    const sql = 'SELECT * FROM applications WHERE name = $1';
    const [plan] = JSON.parse((await installation.run('db', 'explain', sql, 'web')).stdout) as object[];
    expect(plan).to.have.nested.property('Plan.Actual Rows', 1);
    const several = await installation.run('db', 'explain', 'SELECT 1; DROP TABLE applications');
    expect(several).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: 'error: several statements cannot be explained at once\n  give one query\n',
    });
  });

  it('slow shows the slowest queries first', async () => {
    await installation.database.query('SELECT pg_sleep(1)');
    const { stdout } = await installation.run('db', 'slow', '--min-ms', '50');
    expect(stdout).to.match(
      /^MEAN +DEVIATION +TOTAL +CALLS +ROWS +HIT +QUERY\n\d{4,}\.\d ms .* SELECT pg_sleep/,
    );
    const [slow] = JSON.parse(
      (await installation.run('db', 'slow', '--min-ms', '50', '-o', 'json')).stdout,
    ) as object[];
    expect(slow).to.include({ calls: 1 });
    expect((await installation.run('db', 'slow', '--min-ms', '99999999')).stderr).to.match(
      /^no query takes longer/,
    );
    expect((await installation.run('db', 'slow', '--min-ms', 'x')).code).to.equal(2);
  });

  it('grant-reader makes a role, whose URL works', async () => {
    const { code, stdout, stderr } = await installation.run('db', 'grant-reader', 'grafana');
    expect(code).to.equal(0);
    expect(stderr).to.match(/^grafana reads app_status, /);
    const reader = new Database(stdout.trim());
    try {
      expect(await reader.query('SELECT name FROM app_status')).to.deep.equal([{ name: 'web' }]);
    } finally {
      await reader.close();
    }
    expect((await installation.run('db', 'grant-reader', 'grafana')).stdout).to.equal('');
  });
});
