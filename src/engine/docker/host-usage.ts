import { readFile, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { HostUsage } from '../usage.ts';

/** Linux shows every program 100 clock ticks a second. */
const NANOS_PER_TICK = 10_000_000;

/**
 * Whether the Docker that answers at `address` and calls itself `name` works on this host: a socket may lead into a
 * virtual machine, or through a tunnel to another host, but those have names of their own.
 */
export function isThisHost(address: string, name: string): boolean {
  return process.platform === 'linux' && address.startsWith('unix:') && name === hostname();
}

/** What this host uses, with the disk that has `directory`. */
export async function hostUsage(directory: string): Promise<HostUsage> {
  const [stat, meminfo, disk] = await Promise.all([
    readFile('/proc/stat', 'latin1'),
    readFile('/proc/meminfo', 'latin1'),
    statfs(directory),
  ]);
  return {
    cpuNanos: busyTicks(stat) * NANOS_PER_TICK,
    memoryBytes: kibibytes(meminfo, 'MemTotal') - kibibytes(meminfo, 'MemAvailable'),
    diskBytes: (disk.blocks - disk.bfree) * disk.bsize,
    at: performance.timeOrigin + performance.now(),
  };
}

/** `cpu user nice system idle iowait irq softirq steal …`; what guests used is part of user and nice. */
export function busyTicks(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = stat
    .slice('cpu '.length, stat.indexOf('\n'))
    .trim()
    .split(/ +/)
    .map(Number);
  return user + nice + system + irq + softirq;
}

function kibibytes(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1]) * 1024;
}
