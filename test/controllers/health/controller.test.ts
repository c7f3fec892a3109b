import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Snapshot, View } from '../../../src/control/observer.ts';
import { Outbox } from '../../../src/control/outbox.ts';
import { HealthController } from '../../../src/controllers/health/controller.ts';
import type { ObservedContainer } from '../../../src/engine/engine.ts';
import type { HealthCheck } from '../../../src/manifest/app.gen.ts';
import { MemoryDatabase } from '../../../src/store/memory/memory-database.ts';
import { MemoryStore, type StoreMethod } from '../../../src/store/memory/memory-store.ts';
import { StoreUnavailable, type InstanceRecord, type OperationRecord } from '../../../src/store/store.ts';
import { changes, declaration, instance, operation } from '../../store/records.ts';
import { after, STARTED } from './check.ts';
import { FAILED, Laboratory } from './laboratory.ts';

const QUICK = { periodSeconds: 10, initialDelaySeconds: 0 };

describe('HealthController', () => {
  let laboratory: Laboratory;
  let database: MemoryDatabase;
  let store: MemoryStore;
  let outbox: Outbox;
  let controller: HealthController;
  let away: boolean;
  let writes: number;
  let changed: string[];
  let refusal: Error | undefined;

  beforeEach(async () => {
    laboratory = new Laboratory();
    database = new MemoryDatabase(() => laboratory.clock.now(), randomUUID);
    away = false;
    writes = 0;
    changed = [];
    refusal = undefined;
    store = new MemoryStore(database, {
      async before(method: StoreMethod) {
        if (away) throw new StoreUnavailable(new Error('gone'));
        if (method !== 'writeHealth') return;
        writes += 1;
        if (refusal) throw refusal;
      },
    });
    outbox = new Outbox(store, laboratory.clock, { onReturn() {}, onRefused() {} });
    controller = create();
    await declare(QUICK);
  });
  afterEach(async () => {
    await controller.close();
    outbox.close();
  });

  const create = (): HealthController =>
    new HealthController({
      outbox,
      clock: laboratory.clock,
      random: () => 0.5,
      logger: pino({ level: 'silent' }),
      probe: laboratory.probe,
      onChange: (app) => changed.push(app),
    });

  async function declare(healthCheck: Partial<HealthCheck> | undefined, specHash = 'hash-1'): Promise<void> {
    const root = healthCheck ? { healthCheck } : {};
    await store.applySync(changes({ applications: [declaration('web', { root, specHash })] }));
  }

  async function row(index: number): Promise<void> {
    const { identity, id } = container(index);
    const status = { containerName: identity.name, replicaIndex: index, containerId: id };
    await store.writeStatus([], [instance('web', { ...status, status: 'running', startedAt: STARTED })]);
  }

  function container(index: number, some: Partial<ObservedContainer> = {}): ObservedContainer {
    const name = `web-${index}-r1-1`;
    const [appUid = ''] = [...database.applications.values()].map(({ uid }) => uid);
    return {
      id: `c${index}`,
      name,
      identity: {
        name,
        app: 'web',
        appUid,
        index,
        revision: 1,
        attempt: 1,
        restarts: 0,
        specHash: 'hash-1',
        operationId: randomUUID(),
      },
      state: 'running',
      ip: `10.0.0.${index}`,
      startedAt: STARTED,
      ...some,
    } as ObservedContainer;
  }

  /** The controller's pass: what the database says, and these containers. */
  function follow(
    containers: readonly ObservedContainer[],
    operations: readonly OperationRecord[] = [],
  ): void {
    const [application = null] = structuredClone([...database.applications.values()]);
    const records = structuredClone(database.instances.filter(({ removedAt }) => !removedAt));
    const view: View = {
      name: 'web',
      application,
      records,
      containers,
      leftovers: [],
      orphans: [],
      operations,
    };
    const snapshot: Snapshot = { networkExists: true, names: ['web'], view: () => view };
    controller.follow(snapshot);
  }

  const record = (index: number): InstanceRecord => {
    const found = database.instances.find(({ containerId }) => containerId === `c${index}`);
    if (!found) throw new Error(`no row of c${index}`);
    return found;
  };

  it('probes what runs where it can be reached, and nothing else', async () => {
    follow([
      container(1),
      container(2, { state: 'exited' }),
      container(3, { ip: null }),
      container(4, { state: 'paused' }),
      container(5, { state: 'created', startedAt: null }),
    ]);
    await laboratory.pass(1);
    expect(laboratory.probes.map(({ ip }) => ip)).to.deep.equal(['10.0.0.1']);
    expect([1, 2, 3, 4, 5].map((index) => controller.healthOf(`c${index}`)?.status ?? null)).to.deep.equal([
      'healthy',
      null,
      null,
      null,
      null,
    ]);
  });

  it('writes the state, the last probes and the check of every instance, and calls for a reconcile', async () => {
    await row(1);
    laboratory.answers.set('10.0.0.1', FAILED);
    follow([container(1)]);
    await laboratory.pass(21);
    expect(changed).to.deep.equal(['web']);
    expect(record(1)).to.deep.include({
      healthStatus: 'unhealthy',
      healthSince: after(20),
      failureCount: 3,
      consecutiveFailures: 3,
      lastHealthCheck: after(20),
      lastFailureAt: after(20),
      healthCheck: [...database.applications.values()][0]?.manifest.healthCheck,
    });
    expect(record(1).lastProbes).to.deep.equal(
      [0, 10, 20].map((seconds) => ({ at: after(seconds).toISOString(), ...FAILED })),
    );
  });

  it('tells of every change, with what the probe found', async () => {
    await row(1);
    follow([container(1)]);
    await laboratory.pass(1);
    laboratory.answers.set('10.0.0.1', FAILED);
    await laboratory.pass(30);
    laboratory.answers.clear();
    await laboratory.pass(10);
    expect(database.events.map(({ reason, severity, message }) => [reason, severity, message])).to.deep.equal(
      [
        ['HealthChanged', 'debug', 'web-1-r1-1 is healthy 0.0 s after its start: 200'],
        ['HealthChanged', 'warning', 'web-1-r1-1 is unhealthy, 3 failed checks in a row: 503, expected 200'],
        ['HealthChanged', 'info', 'web-1-r1-1 is healthy again: 200'],
      ],
    );
    expect(database.events[1]).to.deep.include({
      eventType: 'health',
      appName: 'web',
      containerId: 'c1',
      details: { status: 'unhealthy', previous: 'healthy', failures: 3, code: 503, latencyMs: 3 },
    });
    expect(changed).to.deep.equal(['web', 'web', 'web']);
  });

  it('writes what many probes showed together, and nothing between probes', async () => {
    for (const index of [1, 2, 3, 4, 5]) await row(index);
    follow([1, 2, 3, 4, 5].map((index) => container(index)));
    await laboratory.pass(5);
    expect(writes).to.equal(1);
    for (let pass = 0; pass < 4; pass += 1) {
      follow([1, 2, 3, 4, 5].map((index) => container(index)));
      await laboratory.pass(1);
    }
    expect(writes).to.equal(1);
    await laboratory.pass(10);
    expect(writes).to.equal(2);
  });

  it('writes later what has no row yet', async () => {
    follow([container(1)]);
    await laboratory.pass(3);
    await row(1);
    await laboratory.pass(2);
    expect(record(1)).to.include({ healthStatus: 'healthy' });
  });

  it('probes on while the database is away, and writes the latest when it is back', async () => {
    await row(1);
    follow([container(1)]);
    await laboratory.pass(1);
    away = true;
    laboratory.answers.set('10.0.0.1', FAILED);
    await laboratory.pass(40);
    expect(controller.healthOf('c1')?.status).to.equal('unhealthy');
    expect(record(1)).to.include({ healthStatus: 'healthy' });
    away = false;
    await laboratory.pass(3);
    expect(record(1)).to.include({ healthStatus: 'unhealthy', failureCount: 4 });
    expect(database.events.map(({ message }) => message)).to.have.length(2);
  });

  it('goes on when the database refuses a write', async () => {
    await row(1);
    refusal = new Error('refused');
    follow([container(1)]);
    await laboratory.pass(5);
    expect(writes).to.equal(1);
    refusal = undefined;
    await laboratory.pass(10);
    expect(record(1)).to.include({ healthStatus: 'healthy' });
  });

  it('is after a restart what it was', async () => {
    await row(1);
    follow([container(1)]);
    await laboratory.pass(5);
    await controller.close();
    controller = create();
    follow([container(1)]);
    expect(controller.healthOf('c1')).to.deep.include({ status: 'healthy', since: STARTED });
    await laboratory.pass(1);
    expect(changed).to.deep.equal(['web']);
  });

  it('writes what is left when it is closed', async () => {
    await row(1);
    follow([container(1)]);
    await laboratory.pass(0);
    await laboratory.pass(10);
    await controller.close();
    expect(record(1)).to.deep.include({ lastHealthCheck: after(10) });
  });

  describe('of an instance that is probed no longer', () => {
    beforeEach(async () => {
      await row(1);
      follow([container(1)]);
      await laboratory.pass(5);
    });

    it('knows no health, but keeps its last probes, when it ended', async () => {
      follow([container(1, { state: 'exited' })]);
      expect(controller.healthOf('c1')).to.equal(null);
      await laboratory.pass(2);
      expect(record(1)).to.deep.include({ healthStatus: 'unknown', healthSince: null, healthCheck: null });
      expect(record(1).lastProbes).to.have.length(1);
    });

    it('keeps probes that were not written when it ended', async () => {
      laboratory.answers.set('10.0.0.1', FAILED);
      await laboratory.pass(5);
      follow([container(1, { state: 'exited' })]);
      await laboratory.pass(2);
      expect(record(1).lastProbes.map(({ ok }) => ok)).to.deep.equal([true, false]);
    });

    it('knows no health when the manifest has no check any more, and writes that once', async () => {
      await declare(undefined);
      const before = writes;
      follow([container(1)]);
      await laboratory.pass(2);
      follow([container(1)]);
      await laboratory.pass(20);
      expect(controller.healthOf('c1')).to.equal(null);
      expect(record(1)).to.deep.include({ healthStatus: 'unknown', healthCheck: null });
      expect(writes).to.equal(before + 1);
    });

    it('leaves it what it is while it is being stopped', async () => {
      const stopping = {
        ...operation('web', { kind: 'stopContainer', containerId: 'c1' }),
        startedAt: STARTED,
      };
      laboratory.answers.set('10.0.0.1', FAILED);
      follow([container(1)], [stopping]);
      await laboratory.pass(100);
      expect(controller.healthOf('c1')?.status).to.equal('healthy');
      expect(database.events.map(({ severity }) => severity)).to.deep.equal(['debug']);
    });
  });

  describe('with instances of an older spec', () => {
    const ports = () => laboratory.probes.map(({ port }) => port);

    it('probes them by the check they had, not by that of the new spec', async () => {
      await row(1);
      follow([container(1)]);
      await laboratory.pass(5);
      await declare({ ...QUICK, port: 9090 }, 'hash-2');
      follow([container(1)]);
      await laboratory.pass(10);
      expect(ports()).to.deep.equal([8080, 8080]);
    });

    it('does so after a restart, too', async () => {
      await row(1);
      follow([container(1)]);
      await laboratory.pass(5);
      await controller.close();
      await declare({ ...QUICK, port: 9090 }, 'hash-2');
      controller = create();
      follow([container(1)]);
      await laboratory.pass(5);
      expect(ports()).to.deep.equal([8080, 8080]);
    });

    it('does not begin to probe those that had none', async () => {
      await declare(undefined);
      await row(1);
      follow([container(1)]);
      await declare(QUICK, 'hash-2');
      follow([container(1)]);
      await laboratory.pass(5);
      expect(ports()).to.deep.equal([]);
      expect(controller.healthOf('c1')).to.equal(null);
    });

    it('follows a changed check of the spec they have', async () => {
      await row(1);
      follow([container(1)]);
      await laboratory.pass(5);
      await declare({ ...QUICK, port: 9090 });
      follow([container(1)]);
      await laboratory.pass(1);
      expect(ports()).to.deep.equal([8080, 9090]);
    });
  });
});
