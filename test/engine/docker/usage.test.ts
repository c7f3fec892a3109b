import { expect } from 'chai';
import Docker from 'dockerode';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { systemClock } from '../../../src/clock.ts';
import { Cgroups } from '../../../src/engine/docker/cgroup.ts';
import { DockerConnection } from '../../../src/engine/docker/connection.ts';
import type { DockerEngine } from '../../../src/engine/docker/docker-engine.ts';
import { busyTicks } from '../../../src/engine/docker/host-usage.ts';
import { DockerUsage } from '../../../src/engine/docker/usage.ts';
import { instanceUsage } from '../../../src/metrics/engine-stats.ts';
import { testImage } from '../../docker-image.ts';
import { eventually } from '../../eventually.ts';
import { newInstallation, specOf } from '../contract/fixture.ts';
import { clean, dockerEngine } from './host.ts';

const MIB = 2 ** 20;
/** Holds 48 MiB that are touched, and burns a twentieth of a core, little enough to get it on a busy host. */
const LOAD = `
  const held = Buffer.alloc(48 * 2 ** 20, 1);
  const begin = process.hrtime.bigint();
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  const base = used();
  setInterval(() => {
    const turn = Number((process.hrtime.bigint() - begin) / 1000n);
    while (used() - base < turn / 20) held.length;
  }, 20);
  process.on('SIGTERM', () => process.exit(0));
`;

describe('DockerUsage', () => {
  const docker = new Docker();
  let installation: string;
  let engine: DockerEngine;
  let id: string;

  before(async () => {
    const image = await testImage(docker);
    installation = newInstallation();
    engine = dockerEngine(installation);
    await engine.createNetwork();
    id = await engine.createContainer({
      ...specOf(image, `load-${installation}`),
      args: ['-e', LOAD],
      nanoCpus: 100_000_000,
      memoryBytes: 128 * MIB,
    });
    await engine.startContainer(id);
  });
  after(async () => await clean(docker, installation));

  /** Reads what Docker tells, as for a Docker elsewhere. */
  function remote(): DockerUsage {
    const limits = async () => await Promise.resolve({ nanoCpus: 100_000_000, memoryBytes: 128 * MIB });
    return new DockerUsage(
      new DockerConnection(systemClock),
      installation,
      limits,
      new Cgroups('/nonexistent'),
    );
  }

  for (const [name, usage] of [
    ['read from the control group', () => engine.usage],
    ['asked of Docker', remote],
  ] as const) {
    it(`shows half of the limit in use as 50 %, ${name}`, async () => {
      const source = usage();
      const host = await source.host();
      const read = async () => (await source.stats([id])).get(id);
      // The beginning, in which node starts, is not what the container is to be measured by.
      await eventually(async () => expect((await read())?.memoryBytes).to.be.above(48 * MIB));
      const before = await read();
      await eventually(async () => {
        const after = await read();
        if (!before || !after) throw new Error('the container is not measured');
        expect(after.at - before.at).to.be.above(3_000);
        expect(instanceUsage(before, after, host).cpuPercent).to.be.within(45, 55);
      });
    });
  }

  it('shows the memory that the control group has without idle file cache', async () => {
    const host = await engine.usage.host();
    await eventually(async () => {
      const [local, told, group] = [
        (await engine.usage.stats([id])).get(id),
        (await remote().stats([id])).get(id),
        await workingSetOf(id),
      ];
      if (!local || !told) throw new Error('the container is not measured');
      for (const { memoryBytes } of [local, told]) expect(memoryBytes).to.be.closeTo(group, group * 0.02);
      expect(instanceUsage(undefined, local, host).memoryPercent).to.be.closeTo(
        (group / (128 * MIB)) * 100,
        2,
      );
      expect(group).to.be.above(48 * MIB);
    });
  });

  it('counts what a container has written', async () => {
    const exec = await docker.getContainer(id).exec({
      Cmd: ['/usr/bin/node', '-e', `fs.writeFileSync('/tmp/note', Buffer.alloc(3 * 2 ** 20, 1))`],
      AttachStdout: true,
    });
    await finished((await exec.start({})).resume());
    await eventually(async () => {
      expect((await engine.usage.diskUsage()).get(id)).to.be.within(3 * MIB, 4 * MIB);
    });
  });

  it('sees what the host uses when it is this one', async () => {
    const { cpus, memoryBytes, usage } = await engine.usage.host();
    expect(cpus).to.equal((await docker.info()).NCPU);
    expect(usage?.memoryBytes).to.be.within(48 * MIB, memoryBytes);
    expect(usage?.cpuNanos).to.be.above(0);
    expect(usage?.diskBytes).to.be.above(0);
  });

  it('counts as busy what is neither idle nor waiting', () => {
    expect(busyTicks('cpu  10 20 30 1000 2000 4 5 6000 7 8\ncpu0 1 2 3\n')).to.equal(69);
  });
});

/** By the files of the group that the process is in. */
async function workingSetOf(id: string): Promise<number> {
  const { State } = await new Docker().getContainer(id).inspect();
  const groups = await readFile(`/proc/${State.Pid}/cgroup`, 'utf8');
  const legacy = /^\d+:memory:(.*)$/m.exec(groups)?.[1];
  const directory =
    legacy === undefined
      ? `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1]}`
      : `/sys/fs/cgroup/memory${legacy}`;
  const file = legacy === undefined ? 'memory.current' : 'memory.usage_in_bytes';
  const name = legacy === undefined ? 'inactive_file' : 'total_inactive_file';
  const used = Number(await readFile(`${directory}/${file}`, 'utf8'));
  const stat = await readFile(`${directory}/memory.stat`, 'utf8');
  return used - Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1]);
}
