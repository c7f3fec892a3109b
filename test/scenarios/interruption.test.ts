import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { converged, gone } from './agreement.ts';
import { Clients } from './clients.ts';
import { EngineWrites } from './engine-writes.ts';
import { useInstallation } from './hooks.ts';
import { HEALTH_CHECK, manifestOf } from './manifest.ts';
import { ReadyHistory } from './ready-history.ts';

const REPLICAS = 6;
const SURGE = 2;

describe('A rolling update that is interrupted', function () {
  this.timeout(90_000);
  const installation = useInstallation();
  const app = installation.nameOf('web');
  let history: ReadyHistory;
  let writes: EngineWrites;
  let clients: Clients;

  before(async () => {
    // All apps at once are not removed for the asking.
    await installation.put('other.yaml', manifestOf(installation.nameOf('other'), { replicas: 0 }));
    await declare(1);
    await converged(installation, app, REPLICAS);
    history = await ReadyHistory.begin(installation, app);
    writes = await EngineWrites.record(installation.docker, installation.id);
    clients = await Clients.start(installation, app);
  });

  after(async () => {
    await clients.stop();
    writes.close();
  });

  it('by another one leads straight to the latest, and all of its instances are ready all the while', async () => {
    const since = await begin(2);
    await declare(3);
    const containers = await converged(installation, app, REPLICAS, 3);
    expect(await history.fewest(since)).to.equal(REPLICAS);
    expect(writes.of('create').length).to.be.below(2 * REPLICAS);
    expect(ofRevision(3)).to.have.length(containers.length);
  });

  it('by a scale goes on with the new count', async () => {
    const since = await begin(4);
    await declare(4, 3);
    await converged(installation, app, 3, 4);
    expect(await history.fewest(since)).to.be.at.least(3);
    const out = await begin(5, 3);
    await declare(5);
    await converged(installation, app, REPLICAS, 5);
    expect(await history.fewest(out)).to.be.at.least(3);
  });

  it('by kill -9 of AutoServe at three random moments goes on, and makes nothing twice', async () => {
    const since = new Date();
    await declare(6);
    for (const made of [0, 2, 4]) {
      const moment = made + Math.ceil(2 * Math.random());
      await eventually(() => expect(ofRevision(6)).to.have.length.at.least(moment));
      await installation.end('SIGKILL');
      await installation.start();
    }
    await converged(installation, app, REPLICAS, 6);
    expect(await history.fewest(since)).to.equal(REPLICAS);
    expect(await history.most(since)).to.be.at.most(REPLICAS + SURGE);
    expect(ofRevision(6)).to.have.length(REPLICAS);
  });

  it('by the deletion of the app ends in nothing', async () => {
    await begin(7);
    await installation.remove('web.yaml');
    await gone(installation, app);
  });

  it('costs no request', async () => {
    await clients.stop();
    expect(clients.failed).to.deep.equal([]);
    expect(clients.served).to.be.above(100);
  });

  async function declare(revision: number, replicas = REPLICAS): Promise<void> {
    const manifest = manifestOf(app, {
      replicas,
      env: { REVISION: String(revision) },
      spec: { strategy: { maxSurge: SURGE }, termination: { drainSeconds: 2, gracePeriodSeconds: 5 } },
      healthCheck: HEALTH_CHECK,
    });
    await installation.put('web.yaml', manifest);
  }

  /** Declares the next revision and waits until instances of both are in service. */
  async function begin(revision: number, replicas = REPLICAS): Promise<Date> {
    const since = new Date();
    await declare(revision, replicas);
    await eventually(async () => {
      const [row] = await installation.query<{ old: number; made: number }>(
        `SELECT count(*) FILTER (WHERE revision < $2)::int AS old, count(*) FILTER (WHERE revision = $2)::int AS made
         FROM instance_status WHERE app_name = $1 AND status = 'running' AND health_status = 'healthy'`,
        [app, revision],
      );
      expect(row?.old).to.be.above(0);
      expect(row?.made).to.be.above(0);
    });
    return since;
  }

  /** Names of the containers that were made for a revision. */
  function ofRevision(revision: number): string[] {
    return writes.of('create').flatMap(({ name }) => (name.includes(`-r${revision}-`) ? name : []));
  }
});
