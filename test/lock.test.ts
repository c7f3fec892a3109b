import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataDir } from '../src/lock.ts';
import { eventually } from './eventually.ts';

const refused = async (attempt: Promise<unknown>): Promise<Error & { code?: string }> => {
  try {
    await attempt;
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error('expected a refusal');
};

describe('lockDataDir', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'autoserve-lock-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  it('refuses a second holder, naming the process, until the first lets go', async () => {
    const lock = await lockDataDir(dataDir);
    const error = await refused(lockDataDir(dataDir));
    expect(error.code).to.equal('DataDirBusy');
    expect(error.message).to.contain(String(process.pid));
    await lock.release();
    await (await lockDataDir(dataDir)).release();
  });

  it('takes over the lock of a process that was killed', async () => {
    const source = `
      const { lockDataDir } = await import(${JSON.stringify(new URL('../src/lock.ts', import.meta.url).href)});
      await lockDataDir(${JSON.stringify(dataDir)});
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source]);
    await once(holder.stdout, 'data');
    expect((await refused(lockDataDir(dataDir))).code).to.equal('DataDirBusy');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await lockDataDir(dataDir)).release();
  });

  it('takes over the lock of a process that has ended and that nobody has waited for', async () => {
    // What bash becomes here never waits for the child that bash had.
    const parent = spawn('bash', ['-c', 'sleep 1 & echo $!; exec sleep 60']);
    try {
      const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(printed.toString());
      const stat = await eventually(async () => {
        const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
        expect(fields[2]).to.equal('Z');
        return fields;
      });
      await writeFile(join(dataDir, 'lock.7'), JSON.stringify({ pid, startTime: stat[21] }));
      await (await lockDataDir(dataDir)).release();
    } finally {
      parent.kill();
    }
  });

  it('takes over a lock whose process number belongs to a later process now', async () => {
    await writeFile(join(dataDir, 'lock.7'), JSON.stringify({ pid: process.pid, startTime: '1' }));
    await (await lockDataDir(dataDir)).release();
  });

  it('lets one of many win', async () => {
    await writeFile(join(dataDir, 'lock.7'), JSON.stringify({ pid: 2 ** 30, startTime: '1' }));
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDir(dataDir)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });
});
