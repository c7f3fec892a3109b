import { get } from 'node:http';
import { expect } from 'chai';
import { ask } from '../../scripts/load.ts';
import { eventually } from '../eventually.ts';
import { converged } from './agreement.ts';
import { useInstallation } from './hooks.ts';
import { IngressGround } from './ingress.ts';
import type { LoadReport } from './load-generator.ts';
import { Load } from './load.ts';
import { manifestOf } from './manifest.ts';

const REPLICAS = 3;
const REQUESTS = 2_000;
const PER_SECOND = 100;
/**
 * So many take two seconds that the 95th percentile is about that, however busy the machine; of the others some are
 * answered with status 503, and some with 404.
 */
const SHARES = { '/sleep?ms=2000': 0.2, '/health': 0.1, '/nowhere': 0.1 };
const DEADLINE_MS = 60_000;
/** So many intervals lie within the load, at the least. */
const WHOLE_INTERVALS = 2;
/** Requests that do not end, a multiple of the replicas. */
const HELD = 6;

/** What was measured in one interval. */
interface Interval {
  /** The instance's name; null for the app as a whole. */
  instance: string | null;
  from: Date;
  to: Date;
  requests: number;
  /** Of them, in percent. */
  errorRate: number;
  /** In milliseconds; null without requests. */
  p95: number | null;
}

describe('What is measured of an app of three instances behind the ingress', function () {
  this.timeout(180_000);
  const ingress = new IngressGround();
  const installation = useInstallation({ env: ingress.env }, ingress);
  const app = installation.nameOf('shop');
  const host = `${app}.localhost`;
  let sent: LoadReport;
  let loaded: { from: Date; to: Date };
  let ofApp: Interval[];
  let ofInstances: Interval[];

  before(async () => {
    // Without a health check, so that nobody but the load asks for it.
    const env = { HEALTH: 'fail' };
    await installation.put('shop.yaml', manifestOf(app, { replicas: REPLICAS, env }));
    await converged(installation, app, REPLICAS);
    await eventually(async () => expect(await ask({ port: ingress.port, host })).to.equal(null));
    const since = await calm();
    const load = await Load.start({
      port: ingress.port,
      host,
      perSecond: PER_SECOND,
      most: REQUESTS,
      kept: 0.5,
      posted: 0.1,
      slow: 0,
      others: SHARES,
    });
    const from = new Date();
    await eventually(async () => expect((await load.report()).sent).to.equal(REQUESTS), DEADLINE_MS);
    loaded = { from, to: new Date() };
    sent = await load.end();
    const intervals = await intervalsBetween(since, await calm());
    ofApp = intervals.filter(({ instance }) => instance === null);
    ofInstances = intervals.filter(({ instance }) => instance !== null);
  });

  it('is every request, within 1 %', () => {
    expect(Object.keys(sent.outcomes)).to.have.members(['200', '404', '503']);
    expect(requestsIn(ofApp)).to.be.closeTo(REQUESTS, REQUESTS / 100);
  });

  it('is the share that the instances failed to serve, within 1 %', () => {
    const failed = sent.outcomes['503'] ?? 0;
    expect(failuresIn(ofApp)).to.be.closeTo(failed, failed / 100);
  });

  it('is of the app what it is of its instances together, interval by interval', () => {
    expect(new Set(ofInstances.map(({ instance }) => instance)).size).to.equal(REPLICAS);
    for (const interval of ofApp) {
      const parts = ofInstances.filter(({ to }) => to.getTime() === interval.to.getTime());
      expect(parts).to.have.length(REPLICAS);
      expect(requestsIn(parts)).to.be.closeTo(interval.requests, 1e-6);
      expect(failuresIn(parts)).to.be.closeTo(failuresIn([interval]), 1e-6);
      if (interval.requests > PER_SECOND) for (const { requests } of parts) expect(requests).to.be.above(0);
    }
  });

  it('has the 95th percentile that the clients saw, within 5 %', () => {
    const whole = ofApp.filter(({ from, to }) => from >= loaded.from && to <= loaded.to);
    expect(whole).to.have.length.at.least(WHOLE_INTERVALS);
    const p95s = whole.map(({ p95 }) => p95 ?? Number.NaN).toSorted((a, b) => a - b);
    expect(p95s[Math.floor(p95s.length / 2)]).to.be.closeTo(sent.latency.p95, sent.latency.p95 / 20);
  });

  it('is active while it is open, before it has ended', async () => {
    const held = Array.from({ length: HELD }, () =>
      get({ port: ingress.port, headers: { host }, path: '/sleep?ms=600000', agent: false }).on(
        'error',
        () => {},
      ),
    );
    try {
      const latest = await eventually(async () => {
        const samples = await activeNow();
        expect(samples.find(({ instance }) => instance === null)?.value).to.equal(HELD);
        return samples;
      }, DEADLINE_MS);
      const ofEach = latest.filter(({ instance }) => instance !== null).map(({ value }) => value);
      expect(ofEach).to.deep.equal(Array.from({ length: REPLICAS }, () => HELD / REPLICAS));
    } finally {
      for (const request of held) request.destroy();
    }
  });

  /** The last measurement of what was active. */
  async function activeNow(): Promise<{ instance: string | null; value: number }[]> {
    return await installation.query(
      `SELECT labels ->> 'instance' AS instance, value FROM metrics
       WHERE app_name = $1 AND metric_type = 'active_connections'
         AND timestamp = (SELECT max(timestamp) FROM metrics WHERE app_name = $1)`,
      [app],
    );
  }

  /** Waits until nobody has asked for an interval, and returns when that ended. */
  async function calm(): Promise<Date> {
    const begin = new Date();
    return await eventually(async () => {
      const [last, ...earlier] = await installation.query<{ timestamp: Date; value: number }>(
        `SELECT timestamp, value FROM metrics WHERE app_name = $1 AND aggregation_level = 'app'
         AND metric_type = 'rps' AND timestamp > $2 ORDER BY timestamp DESC`,
        [app, begin],
      );
      // The first one may have ended before the log told of the last request.
      expect(earlier).to.have.length.at.least(1);
      expect(last).to.include({ value: 0 });
      return last?.timestamp ?? begin;
    }, DEADLINE_MS);
  }

  async function intervalsBetween(from: Date, to: Date): Promise<Interval[]> {
    return await installation.query<Interval & { from: Date }>(
      `WITH measured AS (
         SELECT labels ->> 'instance' AS instance, timestamp AS "to",
           max(value) FILTER (WHERE metric_type = 'rps') AS rps,
           max(value) FILTER (WHERE metric_type = 'error_rate') AS "errorRate",
           max(value) FILTER (WHERE metric_type = 'latency_p95') AS p95
         FROM metrics WHERE app_name = $1 AND timestamp BETWEEN $2 AND $3
         GROUP BY instance, timestamp),
       intervals AS (
         SELECT *, lag("to") OVER (PARTITION BY instance ORDER BY "to") AS "from" FROM measured)
       SELECT *, rps * extract(epoch FROM "to" - "from")::float8 AS requests
       FROM intervals WHERE "from" IS NOT NULL ORDER BY "to"`,
      [app, from, to],
    );
  }
});

function requestsIn(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { requests }) => sum + requests, 0);
}

function failuresIn(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { requests, errorRate }) => sum + (requests * errorRate) / 100, 0);
}
