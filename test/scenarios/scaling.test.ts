import { expect } from 'chai';
import { useInstallation } from './hooks.ts';
import { IngressGround } from './ingress.ts';
import { manifestOf } from './manifest.ts';
import { SAMPLES_OF_WINDOW, ScaledApp, type Change } from './scaling.ts';

/** Goes by one measurement, and waits for nothing longer than for two. */
const QUICK = { mode: 'auto', windowSeconds: 5, cooldownSeconds: 2, stabilizationWindowSeconds: 10 };
const WEIGHTS = { rps: 0, latency: 0, cpu: 0, memory: 0, connection: 0 };

/** Requests a second that one instance takes before the scaler adds another: 80 % of the target. */
const CAPACITY = 16;
const BASE = 10;
const STEP = 4 * BASE;
const CALM_INTERVALS = 3;

/** One for each of the other metrics, with a load that asks for more by this metric alone. */
const drivers = [
  {
    name: 'cpu',
    reason: 'CPUAboveThreshold',
    request: { path: '/burn?ms=4000', perSecond: 1 },
    spec: { resources: { cpu: '200m' } },
    scaling: { maxReplicas: 2, maxCPUPercent: 50, weights: { ...WEIGHTS, cpu: 1 } },
  },
  {
    name: 'memory',
    reason: 'MemoryAboveThreshold',
    request: { path: '/memory?mb=112', perSecond: 0.01 },
    spec: { resources: { memory: '192Mi' } },
    scaling: { maxReplicas: 2, maxMemoryPercent: 60, weights: { ...WEIGHTS, memory: 1 } },
  },
  {
    name: 'latency',
    reason: 'LatencyAboveThreshold',
    request: { path: '/sleep?ms=400', perSecond: 12 },
    spec: {},
    scaling: {
      maxReplicas: 2,
      maxP95LatencyMs: 200,
      targetRPSPerReplica: 20,
      weights: { ...WEIGHTS, latency: 1 },
    },
  },
  {
    name: 'connection',
    reason: 'ConnectionsAboveThreshold',
    request: { path: '/sleep?ms=2000', perSecond: 10 },
    spec: {},
    scaling: { maxReplicas: 2, maxConnPerReplica: 10, weights: { ...WEIGHTS, connection: 1 } },
  },
];

describe('scaling', () => {
  const ingress = new IngressGround();
  const installation = useInstallation({ env: ingress.env }, ingress);
  const shop = new ScaledApp(installation, ingress, 'shop');
  const apps = drivers.map((driver) => ({
    ...driver,
    app: new ScaledApp(installation, ingress, driver.name),
  }));
  let shopStory: Promise<{ base: Change[]; stepAt: Date; out: Change[]; back: Change[] }>;
  let driverStories: Promise<Change[]>[];

  // All at once, for most of it is waiting until enough was measured.
  before(async function () {
    this.timeout(180_000);
    const scaling = { ...QUICK, maxReplicas: 5, targetRPSPerReplica: 20, maxP95LatencyMs: 10_000 };
    await installation.put('shop.yaml', manifestOf(shop.name, { scaling }));
    for (const { app, name, spec, scaling: policy } of apps)
      await installation.put(
        `${name}.yaml`,
        manifestOf(app.name, { spec, scaling: { ...QUICK, ...policy } }),
      );
    await Promise.all([shop, ...apps.map(({ app }) => app)].map(async (app) => await app.isReachable()));
    shopStory = stepUpAndDown();
    driverStories = apps.map(async ({ app, request }) => {
      const load = app.load(request);
      try {
        return await app.reaches(2);
      } finally {
        await load.end();
      }
    });
    // What goes wrong is told by the test that is about it.
    await Promise.allSettled([shopStory, ...driverStories]);
  });

  async function stepUpAndDown() {
    const calm = shop.load({ perSecond: BASE });
    await shop.receives(BASE * 0.7, CALM_INTERVALS);
    const base = await shop.changes();
    const stepAt = new Date();
    const busy = shop.load({ perSecond: STEP - BASE });
    const out = await shop.reaches(Math.ceil(STEP / CAPACITY));
    const reports = await Promise.all([calm.end(), busy.end()]);
    expect(reports.flatMap(({ failures }) => failures)).to.deep.equal([]);
    const back = (await shop.reaches(1)).slice(out.length);
    return { base, stepAt, out, back };
  }

  it('keeps the count under a load that it can carry', async () => {
    expect((await shopStory).base).to.deep.equal([]);
  });

  it('follows a load four times as high at the first evaluation whose window shows all of it', async () => {
    const { out, stepAt } = await shopStory;
    for (const { decision, reason, desired_replicas: desired, inputs } of out) {
      expect({ decision, reason }).to.deep.equal({ decision: 'scale_out', reason: 'RPSAboveThreshold' });
      const { current, window } = inputs;
      expect(desired).to.equal(Math.ceil(((window.readings.rps.value ?? 0) * current.ready) / CAPACITY));
    }
    const last = out.at(-1);
    if (!last) throw new Error('the count has not changed');
    // The step was within the first of them.
    const measured = await shop.requestsSince(stepAt, last.evaluated_at);
    expect(measured.length).to.be.at.most(SAMPLES_OF_WINDOW + 1);
  });

  it('goes back to minReplicas when the load is gone, one instance at a time', async () => {
    const { out, back } = await shopStory;
    expect(
      back.map(({ current_replicas: from, desired_replicas: to, reason }) => ({ from, to, reason })),
    ).to.deep.equal([
      { from: 3, to: 2, reason: 'LoadLow' },
      { from: 2, to: 1, reason: 'LoadLow' },
    ]);
    await shop.expectRecorded([...out, ...back]);
  });

  for (const [index, { name, reason, app }] of apps.entries()) {
    it(`scales out by ${name} alone`, async () => {
      const changes = (await driverStories[index]) ?? [];
      expect(changes.map(({ decision, reason: why }) => ({ decision, reason: why }))).to.deep.equal([
        { decision: 'scale_out', reason },
      ]);
      await app.expectRecorded(changes);
    });
  }
});
