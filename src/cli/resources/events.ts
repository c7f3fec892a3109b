import { listEvents, type EventRow } from '../../store/read.ts';
import { age } from '../duration.ts';
import type { Resource } from '../resource.ts';

export const events: Resource<EventRow> = {
  kind: 'event',
  words: ['events', 'event'],
  byApp: true,
  nameOf: ({ id }) => String(id),
  list: async (connection, name) => await listEvents(connection, name),
  columns: [
    { title: 'AGE', cell: ({ timestamp }, now) => age(timestamp, now) },
    { title: 'SEVERITY', cell: ({ severity }) => severity },
    { title: 'REASON', cell: ({ reason }) => reason },
    { title: 'APP', cell: ({ app_name }) => app_name },
    { title: 'TYPE', wide: true, cell: ({ event_type }) => event_type },
    { title: 'FROM', wide: true, cell: ({ source }) => source },
    { title: 'MESSAGE', cell: ({ message }) => message },
  ],
};
