import type Docker from 'dockerode';
import { build, type Histogram } from 'hdr-histogram-js';
import { request } from 'undici';
import { INGRESS_IMAGE } from '../scripts/ingress-image.ts';
import { networkName } from '../src/engine/docker/network.ts';
import type { ApplicationRow } from '../src/store/read.ts';
import { eventually } from '../test/eventually.ts';
import { freePort } from '../test/ingress/fixture.ts';
import { BareNginx } from './bare-nginx.ts';
import type { HttpServer } from './http-connection.ts';
import { HttpLoad } from './http-load.ts';
import { IMAGE } from './image.ts';
import { Installation } from './installation.ts';
import { median, type Row } from './row.ts';

const APP = 'ingress';
const REPLICAS = 2;
const PORT = 8080;
const BODY = 'ok';
/**
 * Many short rounds, so that both servers meet the same of what else the host does: a few rounds in which it did much
 * have half of all slow requests.
 */
const ROUNDS = 400;
const MOST_SECONDS = 0.2;
/** A percentile far up needs more requests than a mean. */
const STEADY_SECONDS = 0.8;
/** Hosts get faster and slower: half of the load is half of what the bare nginx was able of in the last rounds. */
const LAST_ROUNDS = 9;
const WARM_UP_SECONDS = 2;
const SURE_ANSWERS = 100;
const THROUGHPUT_BOUND = 0.85;
const P99_BOUND = 1.3;

/** Answers at once and writes no log, so that what is in front of it is what is measured. */
const SERVER = `
  const server = require('node:http').createServer((request, response) => response.end('${BODY}'));
  server.listen(${PORT});
  process.on('SIGTERM', () => process.exit(0));
`;

/** Requests through the ingress, metrics on, beside a bare nginx in front of the same instances; in turn. */
export async function ingressRows(docker: Docker, add: (row: Row) => void): Promise<void> {
  const port = await freePort();
  const env = { AUTOSERVE_INGRESS_PORT: String(port), AUTOSERVE_INGRESS_IMAGE: INGRESS_IMAGE };
  const installation = await Installation.start(docker, `bench-ingress-${process.pid}`, { env });
  let bare: BareNginx | undefined;
  try {
    const servers = await startApp(installation);
    const barePort = await freePort();
    bare = await BareNginx.start(docker, networkName(installation.id), barePort, servers);
    const ours = await sideOf(port, `${APP}.localhost`);
    const theirs = await sideOf(barePort, 'bare');
    for (const side of [ours, theirs]) await underLoad(side, (load) => load.most(WARM_UP_SECONDS));
    for (let round = 0; round < LAST_ROUNDS; round += 1) await measureMost([ours, theirs]);
    for (let round = 0; round < ROUNDS; round += 1) {
      // Begins with the one that the round before ended with: neither is always the first after the other.
      const inTurn = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
      await measureMost(inTurn);
      const half = Math.floor(median(theirs.rates.slice(-LAST_ROUNDS)) / 2);
      for (const side of inTurn)
        await underLoad(side, (load) => load.steady(half, STEADY_SECONDS, side.latency));
    }
    add(throughputRow(ours, theirs));
    add(tailRow(ours, theirs));
  } finally {
    await bare?.remove();
    await installation.stop();
  }
}

/** A server, and what is measured of it. */
interface Side {
  server: HttpServer;
  /** Requests a second, of each round. */
  rates: number[];
  /** Of every request, in microseconds. */
  latency: Histogram;
}

/** Begins when there are answers, and nothing but answers: a worker of an earlier configuration may be about to end. */
async function sideOf(port: number, host: string): Promise<Side> {
  await eventually(async () => {
    for (let answers = 0; answers < SURE_ANSWERS; answers += 1) {
      const headers = { host, connection: 'close' };
      const { statusCode, body } = await request(`http://127.0.0.1:${port}`, { headers });
      await body.dump();
      if (statusCode !== 200) throw new Error(`${host} answers ${statusCode}`);
    }
  });
  return {
    server: { port, host, bodyBytes: BODY.length },
    rates: [],
    latency: build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 }),
  };
}

async function measureMost(sides: readonly Side[]): Promise<void> {
  for (const side of sides) side.rates.push(await underLoad(side, (load) => load.most(MOST_SECONDS)));
}

function throughputRow(ours: Side, theirs: Side): Row {
  const [mine, other] = [median(ours.rates), median(theirs.rates)];
  const ratio = mine / other;
  return {
    work: `requests/s through the ingress, metrics on, median of ${ours.rates.length}`,
    yardstick: `${other.toFixed(0)}/s: bare nginx`,
    measured: `${mine.toFixed(0)}/s: ${ratio.toFixed(2)} ×`,
    bound: `at least ${THROUGHPUT_BOUND} ×`,
    met: ratio >= THROUGHPUT_BOUND,
  };
}

/** Of all requests of all rounds: what comes in but a few of them, such as a look at the metrics, counts as well. */
function tailRow(ours: Side, theirs: Side): Row {
  const p99 = ({ latency }: Side): number => latency.getValueAtPercentile(99) / 1_000;
  const [mine, other] = [p99(ours), p99(theirs)];
  const ratio = mine / other;
  return {
    work: `p99 at half of that load, of ${ours.latency.totalCount}`,
    yardstick: `${other.toFixed(2)} ms: bare nginx`,
    measured: `${mine.toFixed(2)} ms: ${ratio.toFixed(2)} ×`,
    bound: `at most ${P99_BOUND} ×`,
    met: ratio <= P99_BOUND,
  };
}

/** With connections of its own, for which of nginx's workers gets how many of them is chance. */
async function underLoad<T>({ server }: Side, measure: (load: HttpLoad) => Promise<T>): Promise<T> {
  const load = await HttpLoad.open(server);
  try {
    return await measure(load);
  } finally {
    load.close();
  }
}

/** @returns where its instances listen */
async function startApp(installation: Installation): Promise<string[]> {
  const watch = installation.watch<ApplicationRow>('app', APP);
  const manifest = {
    apiVersion: 'v1',
    kind: 'App',
    metadata: { name: APP },
    spec: { image: IMAGE, args: ['-e', SERVER], ports: [{ containerPort: PORT }] },
    scaling: { mode: 'manual', replicas: REPLICAS },
  };
  await installation.put(APP, JSON.stringify(manifest));
  await watch.next(
    0,
    ({ row: { rollout, replicas } }) => rollout?.outcome === 'complete' && replicas === REPLICAS,
  );
  await watch.close();
  const filters = { label: [`autoserve.io/installation=${installation.id}`, `autoserve.io/app=${APP}`] };
  const containers = await installation.docker.listContainers({ filters });
  return containers.map(({ NetworkSettings }) => {
    const address = NetworkSettings.Networks[networkName(installation.id)]?.IPAddress;
    if (!address) throw new Error('an instance has no address');
    return `${address}:${PORT}`;
  });
}
