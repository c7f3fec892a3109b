import { latestMetrics, type LatestMetrics } from '../../store/latest-metrics.ts';
import type { MetricType } from '../../store/metrics.ts';
import { listApplications, listInstances, type InstanceRow } from '../../store/read.ts';
import { metricText } from '../metric-text.ts';
import type { Column, Resource } from '../resource.ts';
import { readyOf } from './applications.ts';

const shown = [
  'rps',
  'latency_p95',
  'cpu_percent',
  'memory_percent',
  'memory_bytes',
  'active_connections',
] as const satisfies readonly MetricType[];

/** What was measured last; null for what was not measured lately. */
type Usage = Record<(typeof shown)[number], number | null>;

export interface AppUsageRow extends Usage {
  name: string;
  ready: string;
}

export interface InstanceUsageRow extends Usage {
  name: string;
  app: string;
  status: InstanceRow['status'];
}

const usageColumns: Column<Usage>[] = [
  { title: 'RPS', cell: ({ rps }) => metricText('rps', rps) },
  { title: 'P95', cell: ({ latency_p95: p95 }) => metricText('latency_p95', p95) },
  { title: 'CPU', cell: ({ cpu_percent: cpu }) => metricText('cpu_percent', cpu) },
  { title: 'MEMORY', cell: ({ memory_percent: memory }) => metricText('memory_percent', memory) },
  { title: 'USED', cell: ({ memory_bytes: bytes }) => metricText('memory_bytes', bytes) },
  {
    title: 'CONNECTIONS',
    cell: ({ active_connections: open }) => metricText('active_connections', open),
  },
];

export const appUsage: Resource<AppUsageRow> = {
  kind: 'app',
  words: ['apps'],
  byApp: true,
  nameOf: ({ name }) => name,
  async list(connection, name) {
    const [apps, metrics] = await Promise.all([
      listApplications(connection, name),
      latestMetrics(connection, 'app', name),
    ]);
    return apps.map((app) => ({
      name: app.name,
      ready: readyOf(app),
      ...usageOf(metrics.find((one) => one.app === app.name)),
    }));
  },
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'READY', cell: ({ ready }) => ready },
    ...usageColumns,
  ],
};

export const instanceUsage: Resource<InstanceUsageRow> = {
  kind: 'instance',
  words: ['instances'],
  byApp: true,
  nameOf: ({ name }) => name,
  async list(connection, app) {
    const [instances, metrics] = await Promise.all([
      listInstances(connection, app),
      latestMetrics(connection, 'instance', app),
    ]);
    const running = instances.filter(({ status }) => status === 'running' || status === 'draining');
    return running.map(({ container_name: name, app_name: of, status }) => ({
      name,
      app: of,
      status,
      ...usageOf(metrics.find(({ instance }) => instance === name)),
    }));
  },
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'STATUS', cell: ({ status }) => status },
    ...usageColumns,
  ],
};

function usageOf(latest: LatestMetrics | undefined): Usage {
  return Object.fromEntries(shown.map((type) => [type, latest?.values[type] ?? null])) as Usage;
}
