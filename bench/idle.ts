import { readFile } from 'node:fs/promises';
import type { Installation } from './installation.ts';
import type { Row } from './row.ts';

const SECONDS = 60;
/** Clock ticks a second in /proc/<pid>/stat, as Linux shows them to every program. */
const TICKS = 100;

/** What AutoServe's own process uses while nothing happens, PostgreSQL apart. */
export async function idle(installation: Installation, containers: number): Promise<Row> {
  const before = await cpuSeconds(installation.pid);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const percent = (((await cpuSeconds(installation.pid)) - before) / SECONDS) * 100;
  const megabytes = await residentMegabytes(installation.pid);
  return {
    work: `idle with ${containers} containers for ${SECONDS} s`,
    yardstick: '-',
    measured: `${percent.toFixed(2)} % of one core, ${megabytes.toFixed(0)} MB resident`,
    bound: 'at most 1 %, 150 MB',
    met: percent <= 1 && megabytes <= 150,
  };
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
