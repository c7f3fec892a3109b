import { listInstances, type InstanceRow } from '../../store/read.ts';
import { age } from '../duration.ts';
import type { Resource } from '../resource.ts';

export const instances: Resource<InstanceRow> = {
  kind: 'instance',
  words: ['instances', 'instance'],
  byApp: true,
  nameOf: ({ container_name }) => container_name,
  list: async (connection, name) => {
    const rows = await listInstances(connection);
    return name === undefined
      ? rows
      : rows.filter((row) => row.app_name === name || row.container_name === name);
  },
  columns: [
    { title: 'NAME', cell: ({ container_name }) => container_name },
    { title: 'APP', cell: ({ app_name }) => app_name },
    { title: 'INDEX', cell: ({ replica_index }) => replica_index },
    { title: 'STATUS', cell: ({ status }) => status },
    // `unknown` is a row that nothing has checked.
    {
      title: 'HEALTH',
      cell: ({ health_status }) => (health_status === 'unknown' ? null : health_status),
    },
    { title: 'REVISION', cell: ({ revision }) => revision },
    { title: 'RESTARTS', cell: ({ restarts }) => restarts },
    { title: 'ADDRESS', cell: addressOf },
    { title: 'EXIT', wide: true, cell: ({ exit_code }) => exit_code },
    {
      title: 'CONTAINER',
      wide: true,
      cell: ({ container_id }) => container_id?.slice(0, 12) ?? null,
    },
    { title: 'AGE', cell: ({ created_at }, now) => age(created_at, now) },
  ],
};

export function addressOf({ ip, port }: InstanceRow): string | null {
  return ip === null || port === null ? ip : `${ip}:${port}`;
}
