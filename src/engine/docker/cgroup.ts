import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a container's control group counts. */
export interface CgroupStats {
  cpuNanos: number;
  /** Without file cache that nobody used lately, as `docker stats` and the kubelet have it. */
  memoryBytes: number;
}

interface Group {
  /** In the one hierarchy of version 2, or in each of version 1. */
  path: string;
  unified: boolean;
}

/** Where Docker puts a container's group: by the drivers `cgroupfs` and `systemd`. */
const PATHS = [
  (id: string) => join('docker', id),
  (id: string) => join('system.slice', `docker-${id}.scope`),
];

/**
 * Reads the kernel's own counters of containers on this host, which costs the engine nothing. The files are made by the
 * kernel while they are read, so nothing here waits for a disk; reading them at once is far cheaper than handing each of
 * them to a thread.
 */
export class Cgroups {
  readonly #root: string;
  /** By container id. */
  readonly #groups = new Map<string, Group>();

  constructor(root = '/sys/fs/cgroup') {
    this.#root = root;
  }

  /** Undefined when there is no such group here: the container does not run, or runs elsewhere or under another name. */
  read(id: string): CgroupStats | undefined {
    const group = this.#groups.get(id) ?? this.#find(id);
    if (!group) return undefined;
    try {
      const stats = group.unified ? this.#readUnified(group.path) : this.#readLegacy(group.path);
      this.#groups.set(id, group);
      return stats;
    } catch (error) {
      // A group goes away with its processes, between two reads too.
      this.#groups.delete(id);
      if (error instanceof Error && 'code' in error && UNREADABLE.has(String(error.code))) return undefined;
      throw error;
    }
  }

  /** Forgets all other containers. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#groups.keys()) if (!ids.has(id)) this.#groups.delete(id);
  }

  #find(id: string): Group | undefined {
    const unified = existsSync(join(this.#root, 'cgroup.controllers'));
    const hierarchy = unified ? this.#root : join(this.#root, 'memory');
    const path = PATHS.map((pathOf) => pathOf(id)).find((each) => existsSync(join(hierarchy, each)));
    return path === undefined ? undefined : { path, unified };
  }

  /** Version 2. */
  #readUnified(path: string): CgroupStats {
    const cpuNanos = field(this.#text(path, 'cpu.stat'), 'usage_usec') * 1_000;
    const used = Number(this.#text(path, 'memory.current'));
    return {
      cpuNanos,
      memoryBytes: workingSet(used, field(this.#text(path, 'memory.stat'), 'inactive_file')),
    };
  }

  /** Version 1. */
  #readLegacy(path: string): CgroupStats {
    const cpuNanos = Number(this.#text('cpuacct', path, 'cpuacct.usage'));
    const memory = join('memory', path);
    const used = Number(this.#text(memory, 'memory.usage_in_bytes'));
    const stat = this.#text(memory, 'memory.stat');
    return { cpuNanos, memoryBytes: workingSet(used, field(stat, 'total_inactive_file')) };
  }

  #text(...path: string[]): string {
    // Of all encodings Node.js reads this one alone without a buffer of 64 KiB for each file that has no size.
    return readFileSync(join(this.#root, ...path), 'utf8');
  }
}

const UNREADABLE = new Set(['ENOENT', 'ENODEV', 'EACCES', 'EPERM']);

/** The counters are read one after the other, so that the part may be seen to be more than the whole. */
export function workingSet(usedBytes: number, inactiveFileBytes: number): number {
  return inactiveFileBytes < usedBytes ? usedBytes - inactiveFileBytes : usedBytes;
}

/** The number behind `name` in lines of `name number`; 0 when there is none. */
function field(text: string, name: string): number {
  const at = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
  if (at === 0 && !text.startsWith(`${name} `)) return 0;
  const from = at + name.length + 1;
  const end = text.indexOf('\n', from);
  return Number(text.slice(from, end === -1 ? undefined : end));
}
