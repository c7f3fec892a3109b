import { expect } from 'chai';
import { join } from 'node:path';
import { readInstallation, writeWhereabouts } from '../../src/store/installation.ts';
import { tree } from '../source/tree.ts';
import { autoserve, type Run } from './run.ts';
import { SeededDatabase } from './seeded-database.ts';
import { temporaryFolder } from './temporary-folder.ts';

const web = `apiVersion: v1
kind: App
metadata: {name: web}
spec: {image: "nginx:1.28", ports: [{containerPort: 80}]}
scaling: {mode: manual, replicas: 2}
`;

describe('autoserve plan, without a database', () => {
  const folder = temporaryFolder();
  const plan = (...args: string[]): Promise<Run> =>
    autoserve(['plan', '--manifests', '.', '--data-dir', 'data', ...args], { cwd: folder.path });

  it('compares with nothing, and says so', async () => {
    await tree(folder.path, { 'web.yaml': web });
    const { code, stdout, stderr } = await plan();
    expect({ code, stdout }).to.deep.equal({
      code: 0,
      stdout: `  + create   ~ change in place   -/+ replace   - remove
+   app web   2 instances of nginx:1.28, port 80
Plan: 1 to create, 0 to change, 0 to replace, 0 to remove.
`,
    });
    expect(stderr).to.match(/^note: no AutoServe runs on .*: the folder is compared with nothing$/m);
  });

  it('tells with --detailed-exitcode whether there is anything to do', async () => {
    expect((await plan('--detailed-exitcode')).code).to.equal(0);
    await tree(folder.path, { 'web.yaml': web });
    expect((await plan('--detailed-exitcode')).code).to.equal(2);
  });

  it('exits 1 when a manifest is wrong, and plans the others', async () => {
    await tree(folder.path, { 'web.yaml': web, 'bad.yaml': 'kind: App\n' });
    const { code, stdout, stderr } = await plan('--detailed-exitcode');
    expect(code).to.equal(1);
    expect(stdout).to.contain('Plan: 1 to create');
    expect(stderr).to.match(/^bad\.yaml:1:1 {2}error/m);
  });

  it('exits 1 for a folder that is not there', async () => {
    const { code, stderr } = await plan('--manifests', 'nowhere');
    expect(code).to.equal(1);
    expect(stderr).to.contain('error: cannot read the manifest folder');
  });
});

describe('autoserve plan, with a database', () => {
  const installation = new SeededDatabase();
  const folder = temporaryFolder();

  before(async () => {
    await installation.start();
    await installation.migrate();
    await readInstallation(installation.database, null);
  });
  after(() => installation.stop());

  it('says when AutoServe watches another folder, and of which apps a rollout is under way', async () => {
    await writeWhereabouts(installation.database, { ingressPort: null, manifests: '/srv/apps' });
    const uid = await installation.declare('slow', 2);
    const at = new Date().toISOString();
    await installation.report('slow', uid, 1, [], {
      revision: 1,
      startedAt: at,
      progressedAt: at,
      available: 1,
      outcome: 'progressing',
      paused: false,
      reason: '',
      message: '',
    });
    const { stderr } = await installation.run('plan', '--manifests', folder.path);
    expect(stderr).to.include(
      `note: AutoServe watches /srv/apps, and this is compared with ${folder.path} (--manifests)\n`,
    );
    expect(stderr).to.include(
      'note: a rollout of app slow is under way, of which the next step alone is shown\n',
    );
  });

  it('asks the Docker that the configuration file names', async () => {
    const dockerHost = `unix://${join(folder.path, 'none.sock')}`;
    await tree(folder.path, { 'apps/web.yaml': web, 'config.yaml': `dockerHost: ${dockerHost}\n` });
    const [config, manifests] = [join(folder.path, 'config.yaml'), join(folder.path, 'apps')];
    const { code, stderr } = await installation.run('plan', '--config', config, '--manifests', manifests);
    expect(code).to.equal(0);
    expect(stderr).to.contain(`no answer from Docker at ${dockerHost} (ENOENT): the folder is compared with`);
  });
});
