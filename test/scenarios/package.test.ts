import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/package-root.ts';
import { testImage } from '../docker-image.ts';
import { ALONE, Installation } from './installation.ts';
import { manifestOf } from './manifest.ts';

const PARTS = [
  /^package\.json$/,
  /^README\.md$/,
  /^LICENSE$/,
  /^schemas\/[\w.-]+\.json$/,
  /^dist\/knexfile\.(js|d\.ts)$/,
  /^dist\/migrations\/\d{8}_\d\d_\w+\.(js|d\.ts)$/,
  /^dist\/src\/[\w/.-]+\.(js|d\.ts)$/,
];

const run = promisify(execFile);

describe('The package that npm pack makes', function () {
  this.timeout(180_000);
  const installation = new Installation();
  let folder: string;
  let tarball: { filename: string; files: { path: string }[] };

  before(async () => {
    await testImage(installation.docker);
    await installation.create();
    folder = await mkdtemp(join(tmpdir(), 'autoserve-package-'));
    // The build is there already, and packing must not replace it under a test that runs it.
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const { stdout } = await run('npm', args, { cwd: packageRoot });
    [tarball] = JSON.parse(stdout) as [typeof tarball];
  });
  after(async () => {
    await installation.dispose();
    await rm(folder, { recursive: true });
  });

  it('holds the build, the schemas, the migrations and the types, and nothing else', () => {
    const paths = tarball.files.map(({ path }) => path);
    for (const part of PARTS)
      expect(
        paths.some((path) => part.test(path)),
        String(part),
      ).to.equal(true);
    expect(paths.filter((path) => !PARTS.some((part) => part.test(path)))).to.deep.equal([]);
    const built = paths.filter((path) => path.endsWith('.js')).map((path) => path.replace(/js$/, 'd.ts'));
    expect(paths).to.include.members(built);
  });

  it('installs in an empty folder and runs a manifest there', async () => {
    await writeFile(join(folder, 'package.json'), '{"private": true}');
    const install = [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      join(folder, tarball.filename),
    ];
    await run('npm', install, { cwd: folder });
    const app = installation.nameOf('web');
    await installation.put('web.yaml', manifestOf(app));
    const flags = ['--manifests', installation.manifests, '--data-dir', installation.dataDir];
    await run(
      'npx',
      ['autoserve', 'up', '--once', '--timeout', '60s', ...flags, '--installation', installation.id],
      { cwd: folder, env: { ...process.env, ...ALONE } },
    );
    expect((await installation.containers.list(app)).map(({ state }) => state)).to.deep.equal(['running']);
  });
});
