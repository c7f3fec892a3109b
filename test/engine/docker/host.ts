import type Docker from 'dockerode';
import { finished } from 'node:stream/promises';
import { pino } from 'pino';
import { DockerEngine, type DockerEngineOptions } from '../../../src/engine/docker/docker-engine.ts';
import { INSTALLATION_LABEL } from '../../../src/engine/labels.ts';
import { readSecret, type Host } from '../contract/fixture.ts';

export function dockerEngine(
  installation: string,
  options: Partial<Omit<DockerEngineOptions, 'installation'>> = {},
): DockerEngine {
  return new DockerEngine({
    installation,
    secrets: readSecret,
    policy: { hostPaths: [] },
    log: pino({ level: 'silent' }),
    ...options,
  });
}

/** The real Docker, worked on past the engine. */
export function dockerHost(docker: Docker, image: string): Host {
  const inspect = async (id: string): Promise<Docker.ContainerInspectInfo> =>
    await docker.getContainer(id).inspect();
  return {
    image,
    greeting: 1,
    engine: (installation) => dockerEngine(installation),
    kill: async (id) => await docker.getContainer(id).kill(),
    stop: async (id) => await docker.getContainer(id).stop({ t: 5 }),
    crash: async (id) => await evaluate(docker, id, `process.kill(1, 'SIGTERM')`),
    print: async (id, stream, line) => {
      const file = `/proc/1/fd/${stream === 'stdout' ? 1 : 2}`;
      await evaluate(docker, id, `fs.appendFileSync('${file}', ${JSON.stringify(`${line}\n`)})`);
    },
    pause: async (id) => await docker.getContainer(id).pause(),
    remove: async (id) => await docker.getContainer(id).remove({ force: true }),
    rename: async (id, name) => void (await docker.getContainer(id).rename({ name })),
    disconnect: async (id, installation) =>
      await docker.getNetwork(`autoserve-${installation}`).disconnect({ Container: id }),
    removeNetwork: async (installation) => await docker.getNetwork(`autoserve-${installation}`).remove(),
    addForeign: async (name) => {
      const container = await docker.createContainer({ name, Image: image });
      await container.start();
      return container.id;
    },
    exists: async (id) => {
      const all = await docker.listContainers({ all: true });
      return all.some((container) => container.Id === id);
    },
    isRunning: async (id) => (await inspect(id)).State.Running,
    environment: async (id) => (await inspect(id)).Config.Env,
    clean: async (installation) => await clean(docker, installation),
  };
}

/** Runs JavaScript in a container until it ends. */
async function evaluate(docker: Docker, id: string, script: string): Promise<void> {
  const exec = await docker
    .getContainer(id)
    .exec({ Cmd: ['/usr/bin/node', '-e', script], AttachStdout: true });
  const output = await exec.start({});
  await finished(output.resume());
}

/** Removes all containers, networks and volumes of an installation. */
export async function clean(docker: Docker, installation: string): Promise<void> {
  const filters = { label: [`${INSTALLATION_LABEL}=${installation}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(
    containers.map(async ({ Id }) => await docker.getContainer(Id).remove({ force: true, v: true })),
  );
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(async ({ Id }) => await docker.getNetwork(Id).remove()));
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all(Volumes.map(async ({ Name }) => await docker.getVolume(Name).remove()));
}
