/** What the demo says at its end: where the apps are, and what to try. */
import { routeOf } from '../src/ingress/route.ts';
import { DATA_DIR, type DemoPorts } from './demo-installation.ts';
import type { AppRow, InstanceRow } from './demo-status.ts';

/** Where an app is at the ingress. */
export interface Place {
  host: string;
  path: string;
}

/** Undefined for an app that is not routed. */
export function placeOf({ name, spec }: AppRow): Place | undefined {
  const route = routeOf(spec, name, []);
  return route && { host: route.host, path: route.path };
}

export function whereAndNext(
  apps: readonly AppRow[],
  instances: readonly InstanceRow[],
  { ingress, listen }: DemoPorts,
): string {
  const width = Math.max(...apps.map(({ name }) => name.length));
  const where = apps.map((app) => `  ${app.name.padEnd(width)}  ${addressOf(app, instances, ingress)}`);
  const scaled = apps.find(({ spec }) => spec.scaling.mode === 'auto');
  const shown = scaled && placeOf(scaled);
  const scaling =
    scaled && shown
      ? `
  curl http://${shown.host}:${ingress}${shown.path}
    or, where names under localhost are not known:  curl -H 'Host: ${shown.host}' http://127.0.0.1:${ingress}${shown.path}
  npm run demo -- --load, which makes ${scaled.name} scale out and in
  npx autoserve top, and npx autoserve why ${scaled.name}: what apps do, and why there are as many instances`
      : '';
  return `Where the apps are:
${where.join('\n')}

So that the commands below find it:
  export AUTOSERVE_DATA_DIR=${DATA_DIR}

The database:
  psql "$(npx autoserve db url)" -c 'SELECT name, status, replicas, desired_replicas FROM applications'

For Prometheus:
  curl http://127.0.0.1:${listen}/metrics

What to try next:${scaling}
  docker rm -f ${instances[0]?.container_name}, then npx autoserve get instances: it is replaced
  Change replicas in manifests/hello.yaml, then npx autoserve get apps
  npx autoserve get events
  npm run demo:clean, which stops AutoServe and removes all of this
`;
}

function addressOf(app: AppRow, instances: readonly InstanceRow[], port: number): string {
  const place = placeOf(app);
  if (place) return `http://${place.host}:${port}${place.path}`;
  const instance = instances.find(({ app_name: name }) => name === app.name);
  if (!instance) return '-';
  const { ip, port: containerPort, container_name: container } = instance;
  return containerPort === null ? `serves nothing: docker logs ${container}` : `tcp ${ip}:${containerPort}`;
}
