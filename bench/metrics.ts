import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import pino from 'pino';
import { DockerEngine } from '../src/engine/docker/docker-engine.ts';
import { INSTALLATION_LABEL } from '../src/engine/labels.ts';
import { instanceName } from '../src/engine/engine.ts';
import { IMAGE } from './image.ts';
import type { Row } from './row.ts';

const CONTAINERS = 40;
const PASSES = 25;

/**
 * CPU that Docker (with its containerd and their shims) spends on passes over 40 containers, next to what it spends on
 * one-shot stats of the same ones.
 */
export async function metricsPass(docker: Docker): Promise<Row> {
  const installation = `bench-metrics-${process.pid}`;
  const engine = new DockerEngine({
    installation,
    secrets: async () => await Promise.reject(new Error('there are no secrets')),
    policy: { hostPaths: [] },
    log: pino({ level: 'silent' }),
  });
  await engine.createNetwork();
  try {
    const ids: string[] = [];
    for (let index = 0; index < CONTAINERS; index += 1) ids.push(await start(engine, installation, index));
    await engine.usage.stats(ids);
    await engine.usage.host();
    const own = process.cpuUsage();
    const ours = await engineMilliseconds(async () => {
      await Promise.all([engine.usage.stats(ids), engine.usage.host()]);
    });
    const spent = process.cpuUsage(own);
    const ownMs = (spent.user + spent.system) / 1_000 / PASSES;
    const oneShot = await engineMilliseconds(async () => {
      await Promise.all(ids.map((id) => docker.getContainer(id).stats({ stream: false, 'one-shot': true })));
    });
    const sizes = await engineMilliseconds(async () => {
      await engine.usage.diskUsage();
    });
    const factor = ours / oneShot;
    return {
      work: `metrics pass over ${CONTAINERS} containers`,
      yardstick: `${oneShot.toFixed(1)} ms of engine CPU: one-shot stats of the same`,
      measured:
        `${ours.toFixed(1)} ms: ${factor.toFixed(2)} ×; ${ownMs.toFixed(1)} ms of our own; ` +
        `once a minute ${sizes.toFixed(1)} ms for disk usage`,
      bound: 'at most 1.0 ×',
      met: factor <= 1,
    };
  } finally {
    await tearDown(docker, installation);
  }
}

async function start(engine: DockerEngine, installation: string, index: number): Promise<string> {
  const app = `load-${installation}`;
  const id = await engine.createContainer({
    identity: {
      name: instanceName(app, index, 1, 1),
      app,
      appUid: 'bench',
      index,
      revision: 1,
      attempt: 1,
      restarts: 0,
      specHash: 'bench',
      operationId: 'bench',
    },
    image: IMAGE,
    env: [],
    ports: [{ containerPort: 8080, protocol: 'tcp' }],
    volumes: [],
    aliases: [app],
    stopGraceSeconds: 1,
  });
  await engine.startContainer(id);
  return id;
}

async function tearDown(docker: Docker, installation: string): Promise<void> {
  const filters = { label: [`${INSTALLATION_LABEL}=${installation}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
}

/** Milliseconds of CPU that all processes of the engine spend on one pass. */
async function engineMilliseconds(pass: () => Promise<void>): Promise<number> {
  const before = engineTicks();
  for (let done = 0; done < PASSES; done += 1) await pass();
  return ((engineTicks() - before) * 1_000) / ticksPerSecond() / PASSES;
}

const ENGINE = /^\d+ \((dockerd|containerd|containerd-shim.*)\) /;

function engineTicks(): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = readStat(pid);
    if (!ENGINE.test(stat)) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks;
}

/** Empty for a process that has ended meanwhile. */
function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

function ticksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}
