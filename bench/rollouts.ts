import type Docker from 'dockerode';
import { buildDemoImage } from '../scripts/demo-image.ts';
import type { ApplicationRow, InstanceRow } from '../src/store/read.ts';
import { DockerDaemon } from '../test/scenarios/docker-daemon.ts';
import { Installation } from './installation.ts';
import { median, type Row } from './row.ts';
import { Swarm, type ServiceOptions } from './swarm.ts';
import type { StatusWatch } from './status-watch.ts';

const REPLICAS = 20;
const AT_A_TIME = 4;
const STOP_GRACE_SECONDS = 10;
const ROUNDS = 3;
const KILLS = 10;
const IMAGES = ['autoserve/demo-web:1', 'autoserve/demo-web:2'] as const;
const CHECK_SECONDS = 1;

/** Rolling updates and replacements beside those of Swarm, in turn on one Docker Engine that nobody else uses. */
export async function swarmRows(add: (row: Row) => void): Promise<void> {
  const daemon = new DockerDaemon();
  try {
    await daemon.start();
    for (const image of IMAGES) await buildDemoImage(daemon.docker, image.split(':')[1] ?? '');
    const swarm = new Swarm(daemon.docker);
    await swarm.start();
    const installation = await Installation.start(daemon.docker, `bench-rollouts-${process.pid}`, {
      env: { DOCKER_HOST: daemon.host },
      through: daemon.through,
    });
    try {
      add(await rollingUpdate(installation, swarm));
      add(await killToReady(installation, swarm));
    } finally {
      await installation.stop();
    }
  } finally {
    await daemon.dispose();
  }
}

async function rollingUpdate(installation: Installation, swarm: Swarm): Promise<Row> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await updateOurs(installation, `update-${round}`));
    theirs.push(await updateTheirs(swarm, `update-${round}`));
  }
  const ratio = median(ours) / median(theirs);
  return {
    work: `rolling update of ${REPLICAS} replicas, ${AT_A_TIME} at a time, median of ${ROUNDS}`,
    yardstick: `${median(theirs).toFixed(0)} ms: Swarm, without a health check; ours has one`,
    measured: `${median(ours).toFixed(0)} ms: ${ratio.toFixed(2)} ×`,
    bound: 'at most 0.80 ×',
    met: ratio <= 0.8,
  };
}

async function updateOurs(installation: Installation, name: string): Promise<number> {
  const watch = installation.watch<ApplicationRow>('app', name);
  await installation.put(name, manifestOf(name, IMAGES[0], REPLICAS));
  await watch.next(0, ({ row }) => isComplete(row, 1));
  await calm();
  const begin = await installation.put(name, manifestOf(name, IMAGES[1], REPLICAS));
  const { at } = await watch.next(0, ({ row }) => isComplete(row, 2));
  await expectAll(installation.docker, IMAGES[1]);
  await retire(installation, name, IMAGES[1], watch);
  return at - begin;
}

async function updateTheirs(swarm: Swarm, name: string): Promise<number> {
  const service = await swarm.create(serviceOf(name, IMAGES[0]));
  await calm();
  const ms = await swarm.update(service, serviceOf(name, IMAGES[1]));
  await service.remove();
  return ms;
}

async function killToReady(installation: Installation, swarm: Swarm): Promise<Row> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const name = 'kill';
  const apps = installation.watch<ApplicationRow>('app', name);
  const instances = installation.watch<InstanceRow>('instances', name);
  await installation.put(name, manifestOf(name, IMAGES[0], KILLS));
  await apps.next(0, ({ row }) => isComplete(row, 1, KILLS));
  await calm();
  for (let index = 0; index < KILLS; index += 1) ours.push(await killOurs(installation, instances, index));
  await instances.close();
  await retire(installation, name, IMAGES[0], apps);
  const service = await swarm.create({ ...serviceOf(name, IMAGES[0]), replicas: KILLS });
  await calm();
  for (let slot = 1; slot <= KILLS; slot += 1) theirs.push(await service.kill(slot));
  await service.remove();
  return {
    work: `container killed to replacement ready, median of ${KILLS}`,
    yardstick: `${median(theirs).toFixed(0)} ms: Swarm`,
    measured: `${median(ours).toFixed(0)} ms`,
    bound: "no slower than Swarm's",
    met: median(ours) <= median(theirs),
  };
}

async function killOurs(
  installation: Installation,
  watch: StatusWatch<InstanceRow>,
  index: number,
): Promise<number> {
  const before = watch.seen.findLast(({ row }) => row.replica_index === index)?.row;
  const { docker, events } = installation;
  const from = { event: events.seen.length, row: watch.seen.length };
  await docker.getContainer(before?.container_id ?? '').kill();
  const death = await events.next(from.event, ({ action }) => action === 'die');
  const { at } = await watch.next(
    from.row,
    ({ row }) =>
      row.replica_index === index &&
      row.container_id !== before?.container_id &&
      row.status === 'running' &&
      row.health_status === 'healthy',
  );
  return at - death.at;
}

/** Takes an application's instances away, so that nobody is measured while another one's instances use the machine. */
async function retire(
  installation: Installation,
  name: string,
  image: string,
  watch: StatusWatch<ApplicationRow>,
): Promise<void> {
  const from = watch.seen.length;
  await installation.put(name, manifestOf(name, image, 0));
  await watch.next(from, ({ row }) => row.status === 'stopped');
  await watch.close();
}

function isComplete({ rollout, replicas }: ApplicationRow, revision: number, wanted = REPLICAS): boolean {
  return rollout?.revision === revision && rollout.outcome === 'complete' && replicas === wanted;
}

async function expectAll(docker: Docker, image: string): Promise<void> {
  const images = (await docker.listContainers()).map(({ Image }) => Image);
  if (images.length !== REPLICAS || images.some((each) => each !== image))
    throw new Error(`expected ${REPLICAS} containers of ${image}: ${images.join(', ')}`);
}

/** What was started has started by then. */
async function calm(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
}

function manifestOf(name: string, image: string, replicas: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'App',
    metadata: { name },
    spec: {
      image,
      ports: [{ containerPort: 8080 }],
      strategy: { maxSurge: AT_A_TIME, maxUnavailable: 0 },
      termination: { drainSeconds: 0, gracePeriodSeconds: STOP_GRACE_SECONDS },
    },
    healthCheck: { path: '/health', periodSeconds: CHECK_SECONDS, timeoutSeconds: 5 },
    scaling: { mode: 'manual', replicas, maxReplicas: 100 },
  });
}

function serviceOf(name: string, image: string): ServiceOptions {
  return {
    name,
    image,
    replicas: REPLICAS,
    parallelism: AT_A_TIME,
    stopGraceSeconds: STOP_GRACE_SECONDS,
    check: null,
  };
}
