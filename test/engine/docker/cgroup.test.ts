import { expect } from 'chai';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Cgroups } from '../../../src/engine/docker/cgroup.ts';

const ID = 'a'.repeat(64);

describe('Cgroups', () => {
  let root: string;
  let cgroups: Cgroups;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'autoserve-cgroup-'));
    cgroups = new Cgroups(root);
  });
  afterEach(async () => await rm(root, { recursive: true }));

  async function put(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }

  async function putUnified(group: string): Promise<void> {
    await put('cgroup.controllers', 'cpu memory\n');
    await put(`${group}/cpu.stat`, 'usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n');
    await put(`${group}/memory.current`, '10485760\n');
    await put(
      `${group}/memory.stat`,
      'anon 7340032\nfile 3145728\ninactive_file 2097152\nactive_file 1048576\n',
    );
  }

  async function putLegacy(group: string): Promise<void> {
    await put(`cpuacct/${group}/cpuacct.usage`, '1234567890\n');
    await put(`memory/${group}/memory.usage_in_bytes`, '10485760\n');
    await put(
      `memory/${group}/memory.stat`,
      'cache 0\ninactive_file 1\nrss 0\ntotal_inactive_file 2097152\n',
    );
  }

  for (const group of [`docker/${ID}`, `system.slice/docker-${ID}.scope`]) {
    it(`reads version 2 in ${group.replace(ID, '<id>')}`, async () => {
      await putUnified(group);
      expect(cgroups.read(ID)).to.deep.equal({ cpuNanos: 1_234_567_000, memoryBytes: 8_388_608 });
    });

    it(`reads version 1 in ${group.replace(ID, '<id>')}`, async () => {
      await putLegacy(group);
      expect(cgroups.read(ID)).to.deep.equal({ cpuNanos: 1_234_567_890, memoryBytes: 8_388_608 });
    });
  }

  it('knows nothing of a container whose group is not here', () => {
    expect(cgroups.read(ID)).to.equal(undefined);
  });

  it('notices that a group is gone, and that it is there again', async () => {
    await putUnified(`docker/${ID}`);
    expect(cgroups.read(ID)).to.not.equal(undefined);
    await rm(join(root, 'docker'), { recursive: true });
    expect(cgroups.read(ID)).to.equal(undefined);
    await putUnified(`system.slice/docker-${ID}.scope`);
    expect(cgroups.read(ID)).to.not.equal(undefined);
  });

  it('never takes more file cache off than there is memory', async () => {
    await putUnified(`docker/${ID}`);
    await put(`docker/${ID}/memory.current`, '1048576\n');
    expect(cgroups.read(ID)?.memoryBytes).to.equal(1_048_576);
  });
});
