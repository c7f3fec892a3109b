import { expect } from 'chai';
import Docker from 'dockerode';
import type { ContainerSpec, EngineListener } from '../../src/engine/engine.ts';
import type { DockerEngine } from '../../src/engine/docker/docker-engine.ts';
import { testImage } from '../docker-image.ts';
import { eventually } from '../eventually.ts';
import { engineContract } from './contract.ts';
import { SECRET_VALUE, expectRefusal, newInstallation, specOf } from './contract/fixture.ts';
import { clean, dockerEngine, dockerHost } from './docker/host.ts';
import { DockerProxy } from './docker/proxy.ts';

describe('DockerEngine', () => {
  const docker = new Docker();
  let image: string;

  before(async () => {
    image = await testImage(docker);
  });

  engineContract(async () => dockerHost(docker, image));

  describe('on a Docker host', () => {
    let installation: string;
    let app: string;
    let engine: DockerEngine;
    let proxy: DockerProxy;
    let spec: ContainerSpec;

    beforeEach(async () => {
      installation = newInstallation();
      app = `app-${installation}`;
      spec = specOf(image, app);
      proxy = await DockerProxy.open();
      engine = dockerEngine(installation, { connection: { socketPath: proxy.socketPath } });
      await engine.createNetwork();
    });

    afterEach(async () => {
      await clean(docker, installation);
      await proxy.close();
    });

    async function started(container: ContainerSpec): Promise<string> {
      const id = await engine.createContainer(container);
      await engine.startContainer(id);
      return id;
    }

    /** Runs JavaScript in a container and returns what it printed. */
    async function evaluate(id: string, script: string): Promise<string> {
      const exec = await docker
        .getContainer(id)
        .exec({ Cmd: ['/usr/bin/node', '-e', script], AttachStdout: true, Tty: true });
      const output = await exec.start({ Tty: true });
      let text = '';
      for await (const chunk of output) text += String(chunk);
      return text.trim();
    }

    it('makes containers with an init, without restarts, with their limits and rotated logs', async () => {
      const id = await engine.createContainer({ ...spec, nanoCpus: 250_000_000, memoryBytes: 64 * 2 ** 20 });
      const { HostConfig, Config } = await docker.getContainer(id).inspect();
      expect(HostConfig.Init).to.be.true;
      expect(HostConfig.RestartPolicy?.Name).to.equal('no');
      expect(HostConfig.NanoCpus).to.equal(250_000_000);
      expect(HostConfig.Memory).to.equal(64 * 2 ** 20);
      expect(HostConfig.MemorySwap).to.equal(64 * 2 ** 20);
      expect(HostConfig.LogConfig?.Config).to.deep.equal({ 'max-size': '10m', 'max-file': '3' });
      expect(HostConfig.PortBindings ?? {}).to.deep.equal({});
      expect(Config).to.include({ StopTimeout: 5 });
      expect(Config.ExposedPorts).to.deep.equal({ '8080/tcp': {} });
    });

    it('tells an OOM kill from other deaths', async () => {
      const script = 'const held = []; for (;;) held.push(Buffer.alloc(2 ** 20, 1));';
      const id = await started({ ...spec, args: ['-e', script], memoryBytes: 48 * 2 ** 20 });
      await eventually(async () => {
        const [container] = (await engine.observe([id])).containers;
        expect(container).to.include({ state: 'exited', exitCode: 137, oomKilled: true });
      });
    });

    it('shows the exit code of a process that ended by itself', async () => {
      await started({ ...spec, args: ['-e', 'process.exit(3)'] });
      await eventually(async () => {
        const [container] = (await engine.observe()).containers;
        expect(container).to.include({ state: 'exited', exitCode: 3, oomKilled: false });
      });
    });

    it('reports what Docker says when it cannot start a container', async () => {
      const id = await engine.createContainer({ ...spec, user: 'nobody-we-know' });
      const error = await expectRefusal('EngineRefused', engine.startContainer(id));
      expect(error.message).to.include('nobody-we-know');
    });

    it('resolves an app to the addresses of all its instances', async () => {
      const first = await started(spec);
      await started(specOf(image, app, { index: 1 }));
      const { containers } = await engine.observe();
      const script = `require('dns').lookup('${app}', {all: true}, (e, all) => console.log(e ?? all.map(a => a.address).sort().join()))`;
      await eventually(async () => {
        expect(await evaluate(first, script)).to.equal(
          containers
            .map(({ ip }) => ip)
            .toSorted()
            .join(),
        );
      });
    });

    it('keeps a named volume, with labels, when the container is replaced', async () => {
      const volumes = [{ source: { volume: 'data' }, mountPath: '/state', readOnly: false }];
      const id = await started({ ...spec, volumes });
      await evaluate(id, `require('fs').writeFileSync('/state/note', 'kept')`);
      await engine.removeContainer(id);
      const next = await started({ ...specOf(image, app, { attempt: 2 }), volumes });
      expect(await evaluate(next, `console.log(require('fs').readFileSync('/state/note', 'utf8'))`)).to.equal(
        'kept',
      );
      const volume = await docker.getVolume(`autoserve-${installation}-${app}-data`).inspect();
      expect(volume.Labels).to.include({
        'autoserve.io/installation': installation,
        'autoserve.io/app': app,
      });
    });

    it('mounts a path of the host only where the policy allows it', async () => {
      const volumes = [{ source: { hostPath: '/etc' }, mountPath: '/host', readOnly: true }];
      const error = await expectRefusal('PolicyViolation', engine.createContainer({ ...spec, volumes }));
      expect(error.message).to.include('/etc');
      expect(proxy.requests.filter((request) => request.startsWith('POST /containers/create'))).to.be.empty;
      const allowing = dockerEngine(installation, { policy: { hostPaths: ['/etc'] } });
      const id = await allowing.createContainer({ ...spec, volumes });
      expect((await docker.getContainer(id).inspect()).Mounts[0]).to.include({ Source: '/etc', RW: false });
    });

    it('puts a secret into the environment alone: not into labels, nor into the address of a request', async () => {
      const env = [{ name: 'PASSWORD', secret: { key: 'db', field: 'password' } }];
      const id = await engine.createContainer({ ...spec, env });
      const { Config } = await docker.getContainer(id).inspect();
      expect(Config.Env).to.include(`PASSWORD=${SECRET_VALUE}`);
      expect(JSON.stringify(Config.Labels)).to.not.include(SECRET_VALUE);
      expect(decodeURIComponent(proxy.requests.join('\n')).replaceAll('+', ' ')).to.not.include(SECRET_VALUE);
    });

    it('reads the last lines of both output streams', async () => {
      const script = `for (let i = 1; i <= 5; i++) console.log('out ' + i); console.error('err')`;
      const id = await started({ ...spec, args: ['-e', script] });
      await eventually(async () =>
        expect(await engine.logs(id, 100))
          .to.match(/out 5\n(.*\n)*/)
          .and.include('err'),
      );
      expect((await engine.logs(id, 2)).trim().split('\n')).to.have.length(2);
    });

    it('keeps the lower half of the subnet for Docker, and removes the probe', async () => {
      const networks = await docker.listNetworks({ filters: { name: [`autoserve-${installation}`] } });
      expect(networks.map(({ Name }) => Name)).to.deep.equal([`autoserve-${installation}`]);
      const config = networks[0]?.IPAM?.Config?.[0];
      expect(config?.IPRange?.split('/')[0]).to.equal(config?.Subnet?.split('/')[0]);
      expect(Number(config?.IPRange?.split('/')[1])).to.equal(Number(config?.Subnet?.split('/')[1]) + 1);
    });

    it('leaves a network alone that has its name and is not its own', async () => {
      const other = newInstallation();
      const network = await docker.createNetwork({ Name: `autoserve-${other}` });
      try {
        const error = await expectRefusal('NameTaken', dockerEngine(other).createNetwork());
        expect(error.message).to.include(network.id.slice(0, 12));
      } finally {
        await network.remove();
        await clean(docker, other);
      }
    });

    it('observes with one listing of containers and one of networks when nothing happens', async () => {
      await started(spec);
      const stopped = await started(specOf(image, app, { index: 1 }));
      await engine.createContainer(specOf(image, app, { index: 2 }));
      await engine.stopContainer(stopped, 5);
      const first = await engine.observe();
      proxy.requests.length = 0;
      expect(await engine.observe()).to.deep.equal(first);
      expect(proxy.requests.map((request) => request.split('?')[0])).to.have.members([
        'GET /containers/json',
        'GET /networks',
      ]);
    });

    it('sees a restart that no event told of', async () => {
      const id = await started(spec);
      const [first] = (await engine.observe()).containers;
      await docker.getContainer(id).restart({ t: 0 });
      const [second] = (await engine.observe()).containers;
      expect(second?.startedAt?.getTime()).to.be.above(first?.startedAt?.getTime() ?? Infinity);
    });

    it('finds the container it made when the reply to its creation was lost', async () => {
      proxy.losesReplyTo = /^POST \/containers\/create/;
      await expectRefusal('EngineUnavailable', engine.createContainer(spec));
      proxy.losesReplyTo = undefined;
      await eventually(async () => expect((await engine.observe()).containers).to.have.length(1));
      const [made] = (await engine.observe()).containers;
      expect(await engine.createContainer(spec)).to.equal(made?.id);
    });

    it('says where Docker was looked for and what to do when nobody answers', async () => {
      await proxy.cut();
      const error = await expectRefusal('EngineUnavailable', engine.ping());
      expect(error.message).to.include(proxy.socketPath);
      expect(error.remedy).to.include('DOCKER_HOST');
      await proxy.mend();
      await engine.ping();
    });

    it('gives up on a Docker that does not answer', async () => {
      const impatient = dockerEngine(installation, {
        clock: {
          now: () => new Date(),
          schedule: (_, run) => {
            const timer = setImmediate(run);
            return () => clearImmediate(timer);
          },
        },
      });
      const error = await expectRefusal('EngineUnavailable', impatient.createNetwork());
      expect(error.message).to.include('did not answer');
    });

    it('reports a broken event stream once, then that it is back, and hears what happened after', async () => {
      const heard: string[] = [];
      const listener: EngineListener = {
        onChange: (name) => heard.push(name),
        onDisconnect: () => heard.push('(disconnected)'),
        onReconnect: () => heard.push('(connected)'),
      };
      const watch = engine.watch(listener);
      try {
        await engine.createContainer(spec);
        await eventually(() => expect(heard).to.include(app));
        await proxy.cut();
        await eventually(() => expect(heard.at(-1)).to.equal('(disconnected)'));
        const missed = await dockerEngine(installation).createContainer(specOf(image, `${app}-missed`));
        await proxy.mend();
        await eventually(() => expect(heard).to.include('(connected)').and.include(`${app}-missed`));
        await engine.startContainer(missed);
        expect(heard.filter((word) => word === '(disconnected)')).to.have.length(1);
      } finally {
        watch.close();
      }
    });

    it('reports a death only when the observation shows it', async () => {
      const id = await started(spec);
      const states: Promise<string | undefined>[] = [];
      let killed = false;
      const heard = new Set<string>();
      const observe = async () => (await engine.observe()).containers.find((each) => each.id === id)?.state;
      const watch = engine.watch({
        onChange: (name) => {
          heard.add(name);
          if (killed && name === app) states.push(observe());
        },
        onDisconnect: () => undefined,
        onReconnect: () => undefined,
      });
      try {
        await engine.createContainer(specOf(image, `${app}-last`));
        await eventually(() => expect(heard).to.include(`${app}-last`));
        await observe();
        killed = true;
        await docker.getContainer(id).kill();
        await eventually(() => expect(states).to.not.be.empty);
        expect(new Set(await Promise.all(states))).to.deep.equal(new Set(['exited']));
      } finally {
        watch.close();
      }
    });

    it('names the image that a registry out of reach does not give', async () => {
      const error = await expectRefusal(
        'ImagePullFailed',
        engine.resolveImage('registry.invalid/shop:7', 'IfNotPresent'),
      );
      expect(error.message).to.include('registry.invalid/shop:7');
      expect(error.remedy).to.include('docker pull registry.invalid/shop:7');
    });
  });
});
