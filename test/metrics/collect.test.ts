import { expect } from 'chai';
import { pino } from 'pino';
import { EngineError } from '../../src/engine/engine.ts';
import { MemoryEngine, type EngineFaults } from '../../src/engine/memory/memory-engine.ts';
import { MemoryWorld } from '../../src/engine/memory/memory-world.ts';
import { Collector, INTERVAL_MS } from '../../src/metrics/collect.ts';
import type { Connections } from '../../src/metrics/connections.ts';
import { noInstrumentation } from '../../src/metrics/instrumentation.ts';
import type { MetricTarget } from '../../src/metrics/measurement.ts';
import type { StubStatus } from '../../src/ingress/stub-status.ts';
import { Traffic } from '../../src/metrics/traffic.ts';
import { Database, isUnavailable } from '../../src/store/database.ts';
import { insertMetrics, type MetricSample, type MetricType } from '../../src/store/metrics.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { recentMetrics } from '../../src/store/recent-metrics.ts';
import { specOf } from '../engine/contract/fixture.ts';
import { eventually } from '../eventually.ts';
import { useDatabase } from '../postgres.ts';
import { changes, declaration } from '../store/records.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { request } from './lines.ts';

const INSTALLATION = 'metrics';
const IMAGE = 'test:1';

describe('Collector', () => {
  let clock: VirtualClock;
  let world: MemoryWorld;
  let engine: MemoryEngine;
  let traffic: Traffic;
  let faults: EngineFaults;
  let id: string;
  let targets: MetricTarget[];
  let stub: StubStatus | null;
  let connections: Connections;
  let insert: (samples: readonly MetricSample[]) => Promise<unknown>;
  let batches: MetricSample[][];
  let warnings: string[];
  let collector: Collector;
  let cpu: number;

  beforeEach(async () => {
    clock = new VirtualClock(new Date());
    world = new MemoryWorld(clock);
    world.addImage(IMAGE);
    world.networks.add(INSTALLATION);
    faults = {};
    engine = new MemoryEngine(world, {
      installation: INSTALLATION,
      faults: { before: async (call) => await faults.before?.(call) },
    });
    id = await engine.createContainer({
      ...specOf(IMAGE, 'web'),
      nanoCpus: 500_000_000,
      memoryBytes: 2 ** 30,
    });
    await engine.startContainer(id);
    traffic = new Traffic();
    const instances = [{ containerId: id, name: 'web-0-r1-1', ready: true, address: '10.0.0.2:80' }];
    targets = [{ app: 'web', ingress: true, windowSeconds: 60, instances }];
    connections = 'unread';
    stub = { active: 5, reading: 0, writing: 3, waiting: 2 };
    batches = [];
    warnings = [];
    insert = async (samples) => await Promise.resolve(batches.push([...samples]));
    collector = collect();
  });
  afterEach(async () => await collector.stop());

  function collect(): Collector {
    const lines = { write: (line: string) => warnings.push((JSON.parse(line) as { msg: string }).msg) };
    return new Collector({
      engine: engine.usage,
      traffic,
      targets: () => targets,
      stubStatus: async () => await Promise.resolve(stub),
      connections: () => connections,
      insert: (samples) => insert(samples),
      isTransient: isUnavailable,
      onMeasurement: () => undefined,
      instrumentation: noInstrumentation,
      clock,
      logger: pino({ base: null }, lines),
    });
  }

  /**
   * Lets an interval pass in which the instance uses half of its limit and answers fifty requests, of which the log tells
   * at the end, unless at another moment.
   */
  async function pass(told?: Date): Promise<MetricSample[]> {
    const before = batches.length;
    cpu += 1.25e9;
    engine.usage.set(id, { cpuNanos: cpu, memoryBytes: 2 ** 28, diskBytes: 4_096 });
    for (let count = 0; count < 50; count += 1) traffic.add(request());
    await eventually(() => expect(clock.next).to.not.equal(null));
    traffic.told(told ?? new Date(clock.now().getTime() + INTERVAL_MS));
    clock.advance(INTERVAL_MS);
    return await eventually(() => batches[before] ?? expect.fail('nothing was written'));
  }

  /** Starts, and lets the first reading be taken, from which the first interval begins. */
  async function begin(restored: MetricSample[] = []): Promise<void> {
    cpu = 0;
    traffic.watch(clock.now());
    collector.start(restored);
    clock.advance(0);
    await eventually(() => expect(batches).to.have.length(1));
  }

  const valueOf = (
    samples: readonly MetricSample[],
    level: MetricSample['aggregationLevel'],
    type: MetricType,
  ): number | undefined =>
    samples.find((each) => each.aggregationLevel === level && each.metricType === type)?.value;

  it('measures instances, apps and the system in each interval', async () => {
    await begin();
    const samples = await pass();
    for (const level of ['instance', 'app'] as const) {
      expect(valueOf(samples, level, 'cpu_percent')).to.equal(50);
      expect(valueOf(samples, level, 'memory_percent')).to.equal(25);
      expect(valueOf(samples, level, 'rps')).to.equal(10);
      expect(valueOf(samples, level, 'latency_p95')).to.equal(10);
    }
    expect(valueOf(samples, 'system', 'cpu_percent')).to.equal(6.25);
    expect(valueOf(samples, 'system', 'active_connections')).to.equal(2);
  });

  it('dates everything to when the log was told last, so that rates and times add up to all requests', async () => {
    await begin();
    let until = clock.now().getTime();
    let requests = 0;
    for (const lateMs of [0, 900, 100, 500]) {
      const at = clock.now().getTime() + INTERVAL_MS - lateMs;
      const samples = await pass(new Date(at));
      expect(new Set(samples.map(({ timestamp }) => timestamp.getTime()))).to.deep.equal(new Set([at]));
      requests += ((valueOf(samples, 'app', 'rps') ?? 0) * (at - until)) / 1_000;
      until = at;
    }
    expect(requests).to.be.closeTo(4 * 50, 1e-9);
  });

  it('has what is open and has not ended', async () => {
    connections = new Map([['10.0.0.2:80', 300]]);
    await begin();
    const idle = 50 + 50;
    await pass();
    expect(valueOf(await pass(), 'app', 'active_connections')).to.equal(300 - idle);
    connections = 'unread';
    expect(valueOf(await pass(), 'app', 'active_connections')).to.equal((50 * 10) / 5_000);
  });

  it('has no requests, rather than none, while nobody reads the log', async () => {
    await begin();
    traffic.lose();
    const samples = await pass();
    expect(valueOf(samples, 'app', 'rps')).to.equal(undefined);
    expect(valueOf(samples, 'app', 'cpu_percent')).to.equal(50);
  });

  it('has no requests of an app that is not behind the ingress', async () => {
    targets = targets.map((target) => ({ ...target, ingress: false }));
    await begin();
    expect(valueOf(await pass(), 'app', 'rps')).to.equal(undefined);
  });

  it('measures requests while the engine is away, and says once that it is, and once that it is back', async () => {
    await begin();
    faults = { before: () => Promise.reject(new EngineError('EngineUnavailable', 'away')) };
    await pass();
    const samples = await pass();
    expect(valueOf(samples, 'app', 'rps')).to.equal(10);
    expect(valueOf(samples, 'app', 'cpu_percent')).to.equal(undefined);
    expect(valueOf(samples, 'system', 'cpu_percent')).to.equal(undefined);
    faults = {};
    await pass();
    expect(valueOf(await pass(), 'app', 'cpu_percent')).to.equal(50);
    const told = warnings.filter((text) => text.includes('read what containers use'));
    expect(told).to.have.length(2);
  });

  it('reads disk usage once a minute, and not while somebody waits for it', async () => {
    let asked = 0;
    faults = {
      before: ({ method }) => {
        if (method === 'diskUsage') asked += 1;
      },
    };
    await begin();
    const seen: (number | undefined)[] = [];
    for (let interval = 0; interval < 24; interval += 1) {
      seen.push(valueOf(await pass(), 'app', 'disk_usage'));
    }
    expect(asked).to.equal(3);
    expect(seen.filter((bytes) => bytes !== undefined)).to.deep.equal([0, 4_096]);
  });

  it('keeps what scaling looks at, also from before a restart', async () => {
    const restored: MetricSample = {
      appName: 'web',
      metricType: 'rps',
      timestamp: new Date(clock.now().getTime() - 30_000),
      value: 7,
      labels: { ready: '1', measured: '1' },
      unit: 'req/s',
      aggregationLevel: 'app',
    };
    // At first, nobody has looked at the apps yet.
    const known = targets;
    targets = [];
    await begin([restored]);
    targets = known;
    await pass();
    const window = collector.window('web', 60).filter(({ metricType }) => metricType === 'rps');
    expect(window.map(({ value }) => value)).to.deep.equal([7, 10]);
  });

  describe('with PostgreSQL', () => {
    const own = useDatabase();
    let database: Database;

    before(() => {
      database = new Database(own().url);
    });
    after(async () => await database.close());

    it('writes an interval in one batch, of which the app level is what a restart reads', async () => {
      insert = async (samples) => {
        await insertMetrics(database, samples);
        batches.push([...samples]);
      };
      await new PostgresStore(database).applySync(
        changes({
          applications: [
            declaration('web', { root: { spec: { image: 'web:1' }, scaling: { windowSeconds: 3_600 } } }),
          ],
        }),
      );
      await begin();
      await pass();
      await pass();
      expect(batches).to.have.length(3);
      const [row] = await database.query<{ count: number }>('SELECT count(*) FROM metrics');
      expect(row?.count).to.equal(batches.flat().length);
      await database.query(
        "UPDATE metrics SET timestamp = timestamp - interval '50 minutes' WHERE aggregation_level = 'app'",
      );
      const recent = await recentMetrics(database);
      for (const { timestamp } of recent) timestamp.setMinutes(timestamp.getMinutes() + 50);
      const written = batches.flat().filter(({ aggregationLevel }) => aggregationLevel === 'app');
      expect(recent).to.have.deep.members(written);
      await database.query(
        "UPDATE metrics SET timestamp = timestamp - interval '11 minutes' WHERE aggregation_level = 'app'",
      );
      expect(await recentMetrics(database)).to.deep.equal([]);
    });

    it('keeps samples while the database is away, and writes them when it is back', async () => {
      await database.query('TRUNCATE metrics');
      const unreachable = new Database('postgres://nobody@127.0.0.1:1/none');
      let away = true;
      insert = async (samples) => {
        batches.push([...samples]);
        await insertMetrics(away ? unreachable : database, samples);
      };
      try {
        await begin();
        await pass();
        await eventually(() => expect(collector.pending).to.be.above(0));
        const pending = collector.pending;
        away = false;
        const last = await pass();
        expect(last.length).to.be.above(pending);
        await eventually(async () => {
          expect(await recentMetrics(database)).to.have.length.above(3 * 8);
          expect(collector.pending).to.equal(0);
        });
      } finally {
        await unreachable.close();
      }
    });
  });
});
