import { expect } from 'chai';
import Docker from 'dockerode';
import type { Engine } from '../../src/engine/engine.ts';
import { readInstallation } from '../../src/store/installation.ts';
import { testImage } from '../docker-image.ts';
import { newInstallation, specOf, type Host } from '../engine/contract/fixture.ts';
import { dockerHost } from '../engine/docker/host.ts';
import { eventually } from '../eventually.ts';
import { instance, SeededDatabase } from './seeded-database.ts';

describe('autoserve logs and volumes', () => {
  const docker = new Docker();
  const id = newInstallation();
  const app = `web-${id}`;
  const installation = new SeededDatabase();
  let image: string;
  let host: Host;
  let engine: Engine;

  before(async () => {
    await installation.start();
    await installation.migrate();
    await readInstallation(installation.database, id);
    image = await testImage(docker);
    host = dockerHost(docker, image);
    engine = host.engine(id);
    await engine.createNetwork();
    await installation.declare(app, 2);
  });
  after(async () => {
    await host.clean(id);
    await installation.stop();
  });

  /** Starts an instance and makes its row. */
  const begin = async (index: number): Promise<string> => {
    const name = `${app}-${index}-r1-1`;
    const volumes = [{ source: { volume: 'old' }, mountPath: '/old', readOnly: false }];
    const containerId = await engine.createContainer({ ...specOf(image, app, { index, name }), volumes });
    await engine.startContainer(containerId);
    await installation.store.writeStatus([], [instance(app, index, { containerId })]);
    return containerId;
  };
  const said = (text: string): string[] => text.split('\n').filter((line) => line.includes('said '));

  it('shows the lines of all instances by time, each with its name, and follows those that come', async () => {
    const first = await begin(0);
    const second = await begin(1);
    await host.print(first, 'stdout', 'said one');
    await host.print(second, 'stderr', 'said two');
    await host.print(first, 'stdout', 'said three');
    const all = await installation.run('logs', 'app', app);
    expect(all.code).to.equal(0);
    expect(said(all.stdout)).to.deep.equal([
      `${app}-0-r1-1 | said one`,
      `${app}-1-r1-1 | said two`,
      `${app}-0-r1-1 | said three`,
    ]);
    const one = await installation.run('logs', app, '--instance', '0', '--tail', '1');
    expect(one.stdout).to.equal(`${app}-0-r1-1 | said three\n`);

    const following = installation.begin('logs', 'app', app, '-f');
    await eventually(() => expect(said(following.stdout)).to.have.length(3));
    const third = await begin(2);
    await host.print(third, 'stdout', 'said four');
    await eventually(() => expect(following.stdout).to.contain(`${app}-2-r1-1 | said four`));
    following.kill();
    await following.ended();
  });

  it('says so when nothing is kept of a failure, and when there is no such instance', async () => {
    const previous = await installation.run('logs', 'app', app, '--previous');
    expect(previous).to.deep.include({ code: 1, stdout: '' });
    expect(previous.stderr).to.contain(`nothing is kept of a failure of app/${app}`);
    expect((await installation.run('logs', 'app', app, '--instance', '9')).stderr).to.contain(
      'no instance 9',
    );
    expect((await installation.run('logs', 'app', app, '--previous', '-f')).code).to.equal(2);
  });

  it('removes only volumes that nobody mounts and no declared app has, and only when it is told to', async () => {
    const listed = await installation.run('volumes', 'list');
    expect(listed.stdout).to.match(new RegExp(`^autoserve-${id}-${app}-old +${app} +old +no +yes$`, 'm'));
    expect((await installation.run('volumes', 'prune', '--yes')).stderr).to.equal('every volume is in use\n');
    for (const { id: container } of (await engine.observe()).containers)
      await engine.removeContainer(container);
    const asked = await installation.run('volumes', 'prune');
    expect(asked.code).to.equal(1);
    expect(asked.stderr).to.contain('autoserve volumes prune --yes');
    expect(await engine.listVolumes()).to.have.length(1);
    expect((await installation.run('volumes', 'prune', '--yes')).stdout).to.equal(
      `autoserve-${id}-${app}-old removed\n`,
    );
    expect(await engine.listVolumes()).to.deep.equal([]);
  });
});
