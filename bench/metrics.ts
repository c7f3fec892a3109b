import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type Docker from 'dockerode';
import pino from 'pino';
import { DockerEngine } from '../src/engine/docker/docker-engine.ts';
import { INSTALLATION_LABEL } from '../src/engine/labels.ts';
import { instanceName } from '../src/engine/engine.ts';
import { Traffic } from '../src/metrics/traffic.ts';
import { IMAGE } from './image.ts';
import type { Row } from './row.ts';

const LINES = 2_000_000;
/** As they come from the container. */
const PIECES = 50;
const LINES_PER_PIECE = 100;
const APPS = 50;
/** What an interval of five seconds holds at the bound. */
const LINES_PER_INTERVAL = 100_000;
const LINES_BOUND = 20_000;
const GROWTH_BOUND_MB = 16;

/** Lines of the ingress's log a second of one core, parsed and counted, and what is left in memory of them. */
export function logLines(): Row {
  const pieces = Array.from({ length: PIECES }, (_, piece) => logPiece(piece));
  const targets = Array.from({ length: APPS }, (_, app) => ({ app: `app-${app}`, instances: [] }));
  const traffic = new Traffic();
  let now = 0;
  traffic.watch(new Date(now));
  const handle = (count: number): void => {
    for (let handled = 0; handled < count; handled += LINES_PER_PIECE) {
      const piece = pieces[(handled / LINES_PER_PIECE) % PIECES];
      for (const line of piece?.toString('latin1').split('\n') ?? []) traffic.add(line);
      if ((handled + LINES_PER_PIECE) % LINES_PER_INTERVAL === 0)
        traffic.rotate(new Date((now += 5_000)), targets);
    }
  };
  handle(LINES / 4);
  const heap = heapMegabytes();
  const begin = process.cpuUsage();
  handle(LINES);
  const { user, system } = process.cpuUsage(begin);
  const perSecond = LINES / ((user + system) / 1e6);
  const growth = heapMegabytes() - heap;
  return {
    work: `log lines handled, ${LINES / 1e6} million`,
    yardstick: '-',
    measured: `${Math.round(perSecond / 1_000)},000/s of one core, ${growth.toFixed(1)} MB more than before`,
    bound: `at least ${LINES_BOUND / 1_000},000/s, memory flat`,
    met: perSecond >= LINES_BOUND && growth <= GROWTH_BOUND_MB && traffic.lines.refused === 0,
  };
}

function logPiece(piece: number): Buffer {
  const lines = Array.from({ length: LINES_PER_PIECE }, (_, index) =>
    logLine(piece * LINES_PER_PIECE + index),
  );
  return Buffer.from(lines.join('\n'));
}

/** Some of all kinds: answered, tried again, without an app. */
function logLine(index: number): string {
  const address = `172.18.0.${(index % 200) + 2}:8080`;
  const took = `${index % 100 === 0 ? 2 : 0}.${String(index % 300).padStart(3, '0')}`;
  if (index % 97 === 0) return ['', '-', '-', '404', '0.000', '-', '-'].join('\t');
  const app = `app-${index % APPS}`;
  if (index % 31 === 0) {
    const both = `172.18.1.2:8080, ${address}`;
    return [app, both, '502, 200', '200', took, `0.001, ${took}`, '-, 0.001'].join('\t');
  }
  return [app, address, '200', '200', took, took, '0.001'].join('\t');
}

/** What is in use once everything that nobody needs is gone. */
function heapMegabytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

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
