import { expect } from 'chai';
import { ingressLabels } from '../../src/engine/labels.ts';
import { DockerProxy } from '../engine/docker/proxy.ts';
import { eventually } from '../eventually.ts';
import { converged } from './agreement.ts';
import { useInstallation } from './hooks.ts';
import { IngressGround } from './ingress.ts';
import { HEALTH_CHECK, manifestOf } from './manifest.ts';

const NO_INGRESS = ['--ingress-port', '0'];

describe('An ingress that is not wanted any more', function () {
  this.timeout(120_000);
  const ingress = new IngressGround();
  const installation = useInstallation({ env: ingress.env }, ingress);
  const web = installation.nameOf('web');

  before(async () => {
    await installation.put('web.yaml', manifestOf(web, { replicas: 1, healthCheck: HEALTH_CHECK }));
    await converged(installation, web, 1);
    await eventually(async () => expect(await nginxStates()).to.deep.equal(['running']));
  });

  it('is left alone by who only observes', async () => {
    await installation.end('SIGTERM');
    await installation.start(...NO_INGRESS, '--mode', 'observe');
    expect(await nginxStates()).to.deep.equal(['running']);
  });

  it('is said to go on serving where Docker does not answer, and the app runs on', async () => {
    await installation.end('SIGTERM');
    const proxy = await DockerProxy.open();
    proxy.losesReplyTo = /^GET \/containers\/json\?.*ingress/;
    ingress.env['DOCKER_HOST'] = `unix://${proxy.socketPath}`;
    try {
      await installation.start(...NO_INGRESS);
      expect(installation.log).to.include('the ingress of an earlier run may go on serving: ');
      expect(await nginxStates()).to.deep.equal(['running']);
      await converged(installation, web, 1);
      await installation.end('SIGTERM');
    } finally {
      delete ingress.env['DOCKER_HOST'];
      await proxy.close();
    }
  });

  it('is removed at the next start, and the app runs on', async () => {
    const apps = await installation.containers.list();
    await installation.end('SIGTERM');
    await installation.start(...NO_INGRESS);
    expect(await nginxStates()).to.deep.equal([]);
    expect(installation.log).to.include('removed the ingress of an earlier run');
    await converged(installation, web, 1);
    expect(await installation.containers.list()).to.deep.equal(apps);
  });

  /** Of all containers of this installation's ingress. */
  async function nginxStates(): Promise<string[]> {
    const label = Object.entries(ingressLabels(installation.id)).map(([name, value]) => `${name}=${value}`);
    const found = await installation.docker.listContainers({ all: true, filters: { label } });
    return found.map(({ State }) => State);
  }
});
