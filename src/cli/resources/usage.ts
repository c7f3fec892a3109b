import { listApplications, listInstances, type InstanceRow } from '../../store/read.ts';
import type { Resource } from '../resource.ts';
import { readyOf } from './applications.ts';

/** What the running instances of an app use together, as last measured. */
export interface AppUsageRow {
  name: string;
  ready: string;
  instances: number;
  /** Of one core. */
  cpu_percent: number;
  memory_usage_bytes: number;
  /** Of its limit, of the instance that is nearest to it. */
  memory_percent: number;
}

export const appUsage: Resource<AppUsageRow> = {
  kind: 'app',
  words: ['apps'],
  byName: true,
  nameOf: ({ name }) => name,
  async list(connection, name) {
    const [apps, instances] = await Promise.all([
      listApplications(connection, name),
      listInstances(connection, name),
    ]);
    return apps.map((app) => {
      const running = instances.filter((row) => row.app_name === app.name && isRunning(row));
      return {
        name: app.name,
        ready: readyOf(app),
        instances: running.length,
        cpu_percent: sum(running.map((row) => row.cpu_percent)),
        memory_usage_bytes: sum(running.map((row) => row.memory_usage_bytes)),
        memory_percent: Math.max(0, ...running.map((row) => row.memory_percent)),
      };
    });
  },
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'READY', cell: ({ ready }) => ready },
    { title: 'INSTANCES', cell: ({ instances }) => instances },
    { title: 'CPU', cell: ({ cpu_percent: cpu }) => `${cpu.toFixed(1)}%` },
    { title: 'MEMORY', cell: ({ memory_usage_bytes: bytes }) => mebibytes(bytes) },
    { title: 'MEMORY MAX', cell: ({ memory_percent: percent }) => `${percent.toFixed(0)}%` },
  ],
};

/** What each instance uses. */
export const instanceUsage: Resource<InstanceRow> = {
  kind: 'instance',
  words: ['instances'],
  byName: false,
  nameOf: ({ container_name: name }) => name,
  list: async (connection, app) => (await listInstances(connection, app)).filter(isRunning),
  columns: [
    { title: 'NAME', cell: ({ container_name: name }) => name },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'CPU', cell: ({ cpu_percent: cpu }) => `${cpu.toFixed(1)}%` },
    { title: 'MEMORY', cell: ({ memory_usage_bytes: bytes }) => mebibytes(bytes) },
    { title: 'MEMORY MAX', cell: ({ memory_percent: percent }) => `${percent.toFixed(0)}%` },
  ],
};

function isRunning({ status }: InstanceRow): boolean {
  return status === 'running' || status === 'draining';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)}Mi`;
}
