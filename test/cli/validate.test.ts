import { expect } from 'chai';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';
import { tree } from '../source/tree.ts';
import { autoserve } from './run.ts';
import { temporaryFolder } from './temporary-folder.ts';

const good = `apiVersion: v1
kind: App
metadata: {name: hello}
spec: {image: "nginx:1.28"}
scaling: {mode: manual, replicas: 2}
`;

describe('autoserve validate', () => {
  const folder = temporaryFolder();

  it('accepts good files and counts nothing', async () => {
    await tree(folder.path, { 'hello.yaml': good });
    const { code, stdout, stderr } = await autoserve(['validate', 'hello.yaml'], { cwd: folder.path });
    expect({ code, stdout, stderr }).to.deep.equal({
      code: 0,
      stdout: '0 errors, 0 warnings\n',
      stderr: '',
    });
  });

  it('shows place, line, caret, suggestion and next command, and exits 1', async () => {
    await tree(folder.path, {
      'apps/hello.yaml': good.replace(
        'spec: {image: "nginx:1.28"}',
        'spec:\n  image: nginx:1.28\n  replica: 2',
      ),
    });
    const { code, stdout } = await autoserve(['validate', 'apps'], { cwd: folder.path });
    expect(code).to.equal(1);
    expect(stdout).to.equal(`apps/hello.yaml:6:3  error  unknown field "replica"
  6 |   replica: 2
    |   ^^^^^^^ did you mean "scaling.replicas"?        autoserve explain app.scaling.replicas
1 error, 0 warnings
`);
  });

  it('finds an app that two of the files declare, each named as it was given', async () => {
    await tree(folder.path, { 'a.yaml': good, 'more/b.yaml': good });
    const { code, stdout } = await autoserve(['validate', 'a.yaml', 'more'], { cwd: folder.path });
    expect(code).to.equal(1);
    expect(stdout).to.match(/^more\/b\.yaml:1:1 {2}error {2}.*declared already, by a\.yaml:1/m);
  });

  it('reads a file once when it is given twice', async () => {
    await tree(folder.path, { 'a.yaml': good });
    expect((await autoserve(['validate', 'a.yaml', '.'], { cwd: folder.path })).code).to.equal(0);
  });

  it('prints diagnostics as JSON', async () => {
    await tree(folder.path, { 'a.yaml': good.replace('replicas: 2', 'replicas: two') });
    const { code, stdout } = await autoserve(['validate', 'a.yaml', '-o', 'json'], { cwd: folder.path });
    const [diagnostic] = JSON.parse(stdout) as object[];
    expect(code).to.equal(1);
    expect(diagnostic).to.include({ severity: 'error', file: 'a.yaml', line: 5, column: 35 });
  });

  it('takes the configured folder without arguments, and its policy', async () => {
    await tree(folder.path, {
      'apps/a.yaml': good,
      'autoserve.yaml': 'manifests: apps\npolicy: {allowedImages: ["registry.example.com/**"]}\n',
    });
    const { code, stdout } = await autoserve(['validate', '--config', 'autoserve.yaml'], {
      cwd: folder.path,
    });
    expect(code).to.equal(1);
    expect(stdout).to.contain('apps/a.yaml:1:1  error  image nginx:1.28 is not allowed by the policy');
  });

  it('says that a file is not there', async () => {
    const { code, stderr } = await autoserve(['validate', 'nothing.yaml'], { cwd: folder.path });
    expect(code).to.equal(1);
    expect(stderr).to.contain('error: cannot read nothing.yaml');
  });

  it('accepts the sample manifests', async () => {
    const { code, stdout } = await autoserve(['validate', join(packageRoot, 'manifests')]);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '0 errors, 0 warnings\n' });
  });
});
