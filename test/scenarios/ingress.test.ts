import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { converged, eventsOf } from './agreement.ts';
import type { Container } from './containers.ts';
import { useInstallation } from './hooks.ts';
import { IngressGround } from './ingress.ts';
import type { LoadReport } from './load-generator.ts';
import { Load } from './load.ts';
import { HEALTH_CHECK, manifestOf } from './manifest.ts';

const REPLICAS = 10;
const CHANGES = 100;
/** In requests that are sent meanwhile; the first two are the most. */
const BETWEEN_CHANGES = 200;
const BETWEEN_KILLS = 750;
const WHILE_AWAY = 500;
const KILLS = 20;
/** Requests a second: the first of them that the machine is able to serve beside its other work. */
const RATES = [500, 300, 200, 100, 50];
const TRIAL_SECONDS = 3;
/** A tenth of the requests take 300 ms; more than this says that something waits for the machine. */
const ABLE_P95_MS = 350;
const MOST_REQUESTS = 500_000;
const SHOWN_FAILURES = 5;
/** Everything takes its time on a machine that is busy with the load. */
const DEADLINE_MS = 120_000;

interface Killed {
  id: string;
  /** From before the kill until after it. */
  from: Date;
  to: Date;
}

describe('An app of ten instances behind the ingress, under a steady load', function () {
  this.timeout(600_000);
  const ingress = new IngressGround();
  const installation = useInstallation({ env: ingress.env }, ingress);
  const app = installation.nameOf('shop');
  const other = installation.nameOf('other');
  let load: Load;
  let rate: number;
  let since: LoadReport;
  let revision = 1;
  let port = 8_080;
  let logged = false;

  before(async () => {
    await declare(REPLICAS);
    await declareOther('other.localhost');
    await reached(REPLICAS);
    await eventually(async () => expect(await statusOf(`${app}.localhost`)).to.equal(200));
    rate = await ableRate();
    load = await startLoad(rate);
  });
  beforeEach(async () => {
    since = await load.report();
  });
  after(async () => await load?.kill());

  it('loses no request in a rolling update to a revision that listens on another port', async () => {
    revision += 1;
    port = 9_090;
    await declare(REPLICAS);
    await reached(REPLICAS);
    await expectNoneFailed();
  });

  it('loses no request when it is scaled to three and back, twice', async () => {
    for (const replicas of [3, REPLICAS, 3, REPLICAS]) {
      await declare(replicas);
      await reached(replicas);
    }
    await expectNoneFailed();
  });

  it('loses no request while a hundred changes come, each while nginx takes over one before', async () => {
    for (let change = 1; change <= CHANGES; change += 1) {
      await declareOther(`other-${change}.localhost`);
      await load.goesOn(Math.random() * BETWEEN_CHANGES);
    }
    await eventually(async () => expect(await statusOf(`other-${CHANGES}.localhost`)).to.equal(503));
    await expectNoneFailed();
  });

  it('loses no request by a configuration that nginx refuses', async () => {
    const certificates = join(installation.dataDir, 'certificates');
    makeWeakCertificate(certificates, 'weak.localhost');
    await declareOther('weak.localhost');
    const message = await eventually(async () => {
      const [event] = await eventsOf(installation, 'ConfigurationRefused', other);
      return event?.message ?? expect.fail('nothing is refused');
    });
    expect(message).to.include('ee key too small');
    // All else comes into force, the route without its certificate as well.
    await eventually(async () => expect(await statusOf('weak.localhost')).to.equal(503));
    await expectNoneFailed();
    rmSync(certificates, { recursive: true });
    await declareOther('other.localhost');
    await eventually(async () => expect(await statusOf('other.localhost')).to.equal(503));
  });

  it('loses no request when AutoServe is ended, by SIGTERM or by kill -9, and started again', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await installation.end(signal);
      await load.goesOn(WHILE_AWAY);
      await installation.start();
      await reached(REPLICAS);
    }
    await expectNoneFailed();
  });

  it('loses no more than what is in flight to an instance when twenty of them are killed', async () => {
    revision += 1;
    logged = true;
    await declare(REPLICAS);
    await reached(REPLICAS);
    await expectNoneFailed();
    const killed: Killed[] = [];
    while (killed.length < KILLS) {
      await load.goesOn(Math.random() * BETWEEN_KILLS);
      killed.push(await killOne(killed));
    }
    const [instance] = (await reached(REPLICAS)) as [Container];
    const { failed, failures } = await load.end();
    const lost = failures.slice(since.failures.length);
    const unanswered = await unansweredOf(instance, killed);
    const strange = lost.filter(({ sentAt, ms }) => {
      const sent = new Date(sentAt).getTime();
      return !killed.some(({ from, to }) => sent <= to.getTime() && from.getTime() <= sent + ms);
    });
    expect(strange).to.deep.equal([]);
    const shown = lost.map(({ reason, method, path, ms }) => `${reason} ${method} ${path} ${ms} ms`);
    expect(failed - since.failed, `requests that failed: ${shown.join(', ')}`).to.be.at.most(unanswered);
  });

  async function startLoad(perSecond: number): Promise<Load> {
    return await Load.start({
      port: ingress.port,
      host: `${app}.localhost`,
      perSecond,
      most: MOST_REQUESTS,
      kept: 0.5,
      slow: 0.1,
      posted: 0.1,
    });
  }

  async function ableRate(): Promise<number> {
    for (const perSecond of RATES) {
      const trial = await startLoad(perSecond);
      await trial.goesOn(TRIAL_SECONDS * perSecond);
      const { latency, failures } = await trial.end();
      expect(failures).to.deep.equal([]);
      if (latency.p95 <= ABLE_P95_MS) return perSecond;
      process.stderr.write(`      ${perSecond} requests/s are too many for this machine now\n`);
    }
    return RATES.at(-1) ?? 0;
  }

  async function declare(replicas: number): Promise<void> {
    const spec = {
      ports: [{ containerPort: port }],
      strategy: { maxSurge: 3, maxUnavailable: 0 },
      volumes: [{ name: 'log', mountPath: '/data' }],
    };
    // Only where it is looked at, for it is a lot.
    const env = { REVISION: String(revision), PORT: String(port), ...(logged ? { LOG_DIR: '/data' } : {}) };
    await installation.put('shop.yaml', manifestOf(app, { replicas, env, spec, healthCheck: HEALTH_CHECK }));
  }

  /** An app that nobody asks and that runs nowhere, but has a place in nginx's configuration. */
  async function declareOther(host: string): Promise<void> {
    await installation.put('other.yaml', manifestOf(other, { replicas: 0, spec: { ingress: { host } } }));
  }

  async function reached(replicas: number): Promise<Container[]> {
    return await eventually(async () => await converged(installation, app, replicas, revision), DEADLINE_MS);
  }

  async function expectNoneFailed(): Promise<void> {
    const { sent, failed, failures } = await load.report();
    const some = JSON.stringify(failures.slice(since.failures.length).slice(0, SHOWN_FAILURES));
    expect(failed - since.failed, `requests that failed, such as ${some}`).to.equal(0);
    expect(sent).to.be.above(since.sent);
  }

  /**
   * Any instance, once all of them serve, none of those that were killed among them, and answer as they come: a machine
   * that is slow to replace them gets its time. A tenth of the requests wait two seconds for one that nginx takes for alive.
   */
  async function killOne(killed: readonly Killed[]): Promise<Killed> {
    const ready = await eventually(async () => {
      const rows = await installation.query<{ id: string }>(
        `SELECT container_id AS id FROM instance_status
         WHERE app_name = $1 AND status = 'running' AND health_status = 'healthy'`,
        [app],
      );
      const alive = rows.filter((row) => !killed.some(({ id }) => id === row.id));
      expect(alive, 'instances that serve').to.have.length(REPLICAS);
      const { sent, answered } = await load.report();
      expect(sent - answered, 'requests in flight').to.be.at.most(rate / 5);
      return alive;
    }, DEADLINE_MS);
    const { id } = ready[Math.floor(Math.random() * ready.length)] as { id: string };
    const from = new Date();
    await installation.docker.getContainer(id).kill();
    return { id, from, to: new Date() };
  }

  /** How many requests the killed instances had begun and not answered; the instances share a volume with their logs. */
  async function unansweredOf({ id }: Container, killed: readonly Killed[]): Promise<number> {
    const count = `(name) => {
      const open = new Set();
      for (const line of fs.readFileSync('/data/' + name + '.log', 'utf8').split('\\n')) {
        if (line === '') continue;
        const { event, number, url } = JSON.parse(line);
        if (event === 'begin' && url !== '/health') open.add(number);
        if (event === 'request' || event === 'aborted') open.delete(number);
      }
      return open.size;
    }`;
    const names = JSON.stringify(killed.map((each) => each.id.slice(0, 12)));
    const counts = (await installation.containers.evaluate(id, `${names}.map(${count})`)) as number[];
    return counts.reduce((sum, each) => sum + each, 0);
  }

  async function statusOf(host: string): Promise<number | undefined> {
    return await new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: ingress.port, agent: false, headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
  }
});

/** A pair that belongs together, with a key that nginx takes for too small. */
function makeWeakCertificate(directory: string, host: string): void {
  mkdirSync(directory, { recursive: true });
  const options = ['-x509', '-newkey', 'rsa:512', '-nodes', '-days', '1', '-subj', `/CN=${host}`];
  const files = ['-keyout', join(directory, `${host}.key`), '-out', join(directory, `${host}.crt`)];
  execFileSync('openssl', ['req', ...options, ...files], { stdio: 'ignore' });
}
