import type { Resource } from './resource.ts';
import { applications } from './resources/applications.ts';
import { events } from './resources/events.ts';
import { instances } from './resources/instances.ts';
import { manifests } from './resources/manifests.ts';

/** Everything that `get` shows; each resource keeps its row type to itself. */
export const resources = [
  applications,
  instances,
  events,
  manifests,
] as unknown as readonly Resource<object>[];
