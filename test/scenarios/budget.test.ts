import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { converged } from './agreement.ts';
import { Clients } from './clients.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { HEALTH_CHECK, manifestOf } from './manifest.ts';
import { ReadyHistory, type Kill } from './ready-history.ts';

const REPLICAS = 10;
const DRAIN_SECONDS = 2;
/** The clients get some fifty answers a second. */
const MOST_ANSWERS_BETWEEN_KILLS = 30;

interface LogLine {
  time: string;
  event: 'start' | 'begin' | 'request' | 'aborted' | 'signal' | 'exit';
  /** Of a request. */
  url?: string;
}

describe('An app of ten instances under load', function () {
  this.timeout(120_000);
  const installation = useInstallation();
  const app = installation.nameOf('shop');
  const kills: Kill[] = [];
  let history: ReadyHistory;
  let clients: Clients;
  let began: Date;

  before(async () => {
    await declare(REPLICAS, 'a');
    await converged(installation, app, REPLICAS);
    history = await ReadyHistory.begin(installation, app);
    clients = await Clients.start(installation, app);
    began = new Date();
  });

  after(async () => await clients.stop());

  it('has ten of them ready all through a rolling update', async () => {
    const since = new Date();
    await declare(REPLICAS, 'b');
    await converged(installation, app, REPLICAS, 2);
    expect(await history.fewest(since)).to.equal(REPLICAS);
  });

  it('scales to three and back, and is never short of what is wanted of it', async () => {
    const since = new Date();
    await declare(3, 'b');
    const three = await converged(installation, app, 3, 2);
    expect(await history.fewest(since)).to.equal(3);
    await declare(REPLICAS, 'b');
    expect((await converged(installation, app, REPLICAS, 2)).slice(0, 3)).to.deep.equal(three);
  });

  it('lacks only the killed ones when ten are killed, and when ten more are during another update', async () => {
    const since = new Date();
    for (const index of shuffled()) await kill(index);
    await converged(installation, app, REPLICAS, 2);
    await declare(REPLICAS, 'c');
    // From now on an old one is to leave that nobody has killed.
    await eventually(async () => expect(await served(3)).to.be.above(0));
    for (const index of shuffled()) await kill(index);
    await converged(installation, app, REPLICAS, 3);
    expect(kills).to.have.length(20);
    expect(await history.fewest(since, kills)).to.be.at.least(REPLICAS);
  });

  it('answered every request but those that an instance was killed in', async () => {
    await clients.stop();
    const killed = new Set(kills.map(({ id }) => id));
    expect(clients.failed.filter(({ containerId }) => !killed.has(containerId))).to.deep.equal([]);
    expect(clients.served).to.be.above(500);
  });

  it('has no instance in service again that once was out of it', async () => {
    expect([...(await history.flapping(began))]).to.deep.equal([]);
  });

  it('was sent SIGTERM only when an instance had been out of service for its drain time and had nothing in hand', async () => {
    const [instance] = (await converged(installation, app, REPLICAS, 3)) as [Container];
    const logs = await logsOf(instance);
    const departures = await history.departures(began);
    const killed = new Set(kills.map(({ id }) => id));
    const removed = [...departures.keys()].filter((id) => !killed.has(id));
    expect(removed).to.have.length.within(10 + 7 + 1, 10 + 7 + 10);
    for (const id of removed) {
      const log = logs[id.slice(0, 12)] ?? [];
      const last = log.findIndex(({ event }) => event === 'signal');
      const sigterm = Date.parse(log[last]?.time ?? '');
      const drained = (sigterm - (departures.get(id)?.getTime() ?? 0)) / 1000;
      expect(drained, `seconds that ${id} was drained`).to.be.at.least(DRAIN_SECONDS);
      const asked = log.filter(({ url }) => url?.startsWith('/sleep'));
      const answered = log
        .slice(0, last)
        .filter(({ event, url }) => event === 'request' && url?.startsWith('/sleep'));
      expect(asked).to.have.length(2 * answered.length);
    }
  });

  async function declare(replicas: number, colour: string): Promise<void> {
    const spec = {
      strategy: { maxSurge: 3, maxUnavailable: 0 },
      termination: { drainSeconds: DRAIN_SECONDS, gracePeriodSeconds: 5 },
      volumes: [{ name: 'log', mountPath: '/data' }],
    };
    const env = { COLOUR: colour, LOG_DIR: '/data' };
    await installation.put('shop.yaml', manifestOf(app, { replicas, env, spec, healthCheck: HEALTH_CHECK }));
  }

  /** How many instances of a revision serve. */
  async function served(revision: number): Promise<number> {
    const [row] = await installation.query<{ ready: number }>(
      `SELECT count(*)::int AS ready FROM instance_status
       WHERE app_name = $1 AND revision = $2 AND status = 'running' AND health_status = 'healthy'`,
      [app, revision],
    );
    return row?.ready ?? 0;
  }

  /** Kills the instance of an index as soon as it alone serves there, some random answers after the one before. */
  async function kill(index: number): Promise<void> {
    const due = clients.served + Math.floor(Math.random() * MOST_ANSWERS_BETWEEN_KILLS);
    await eventually(() => expect(clients.served).to.be.at.least(due));
    await eventually(async () => {
      const ready = await installation.query<{ id: string }>(
        `SELECT container_id AS id FROM instance_status
         WHERE app_name = $1 AND replica_index = $2 AND status = 'running' AND health_status = 'healthy'`,
        [app, index],
      );
      expect(ready).to.have.length(1);
      const [{ id }] = ready as [{ id: string }];
      const at = new Date();
      await installation.docker.getContainer(id).kill();
      kills.push({ id, index, at });
    });
  }

  function shuffled(): number[] {
    return Array.from({ length: REPLICAS }, (_, index) => ({ index, place: Math.random() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ index }) => index);
  }

  /** What every instance wrote, by host name; the instances share a volume for it. */
  async function logsOf({ id }: Container): Promise<Record<string, LogLine[]>> {
    const read = `fs.readdirSync('/data').map((name) => [name.slice(0, 12), fs.readFileSync('/data/' + name, 'utf8')])`;
    const files = (await installation.containers.evaluate(id, read)) as [string, string][];
    return Object.fromEntries(
      files.map(([host, text]) => [
        host,
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as LogLine),
      ]),
    );
  }
});
