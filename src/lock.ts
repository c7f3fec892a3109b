import { link, mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { AutoServeError } from './error.ts';

/** A process, told apart from a later one of the same number by its start time where the system shows it. */
interface Owner {
  pid: number;
  startTime: string | null;
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a data directory, which is made if need be. A lock left by a process that is no more is taken over:
 * locks are numbered, the highest one counts, and only who saw it dead makes the next.
 *
 * @throws AutoServeError `DataDirBusy` while another process holds it
 */
export async function lockDataDir(dataDir: string): Promise<Lock> {
  await mkdir(dataDir, { recursive: true });
  const draft = join(dataDir, `.lock-${randomUUID()}`);
  const owner: Owner = { pid: process.pid, startTime: await startTimeOf(process.pid) };
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    for (;;) {
      const highest = await highestLock(dataDir);
      await refuseIfAlive(dataDir, highest);
      const path = lockPath(dataDir, highest + 1);
      if (!(await linked(draft, path))) continue;
      if ((await highestLock(dataDir)) === highest + 1) {
        for (let older = highest; older > 0 && (await removed(lockPath(dataDir, older))); older -= 1);
        // An empty lock has no living owner; its number stays taken, so that nobody makes it again.
        return { release: () => writeFile(path, '') };
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(draft);
  }
}

function lockPath(dataDir: string, number: number): string {
  return join(dataDir, `lock.${number}`);
}

/** 0 when there is none. */
async function highestLock(dataDir: string): Promise<number> {
  const numbers = (await readdir(dataDir)).map((name) => Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

async function refuseIfAlive(dataDir: string, number: number): Promise<void> {
  const owner = await readOwner(lockPath(dataDir, number));
  if (owner && (await isAlive(owner)))
    throw new AutoServeError('DataDirBusy', `process ${owner.pid} uses the data directory ${dataDir}`, {
      remedy: `stop it first (kill ${owner.pid}), or give this one a --data-dir of its own`,
    });
}

async function removed(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readOwner(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function isAlive({ pid, startTime }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM');
  }
  return startTime === null || (await startTimeOf(pid)) === startTime;
}

/** Field 22 of `/proc/<pid>/stat`; null where there is no such file, and for one that has ended and waits for its parent. */
async function startTimeOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command, is in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
