import { expect } from 'chai';
import { operation } from '../../store/records.ts';
import { after, STARTED } from './check.ts';
import { FAILED } from './laboratory.ts';
import { QUICK, Ward } from './ward.ts';

describe('HealthController', () => {
  let ward: Ward;

  beforeEach(async () => {
    ward = new Ward();
    await ward.declare(QUICK);
  });
  afterEach(async () => await ward.close());

  it('probes what runs where it can be reached, and nothing else', async () => {
    await ward.recordInstance(1);
    ward.follow([
      ward.container(1),
      ward.container(2, { state: 'exited' }),
      ward.container(3, { ip: null }),
      ward.container(4, { state: 'paused' }),
      ward.container(5, { state: 'created', startedAt: null }),
    ]);
    await ward.laboratory.pass(1);
    expect(ward.laboratory.probes.map(({ ip }) => ip)).to.deep.equal(['10.0.0.1']);
    expect(
      [1, 2, 3, 4, 5].map((index) => ward.controller.healthOf(`c${index}`)?.status ?? null),
    ).to.deep.equal(['healthy', null, null, null, null]);
  });

  it('writes the state, the last probes and the check of every instance, and calls for a reconcile', async () => {
    await ward.recordInstance(1);
    ward.laboratory.answers.set('10.0.0.1', FAILED);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(21);
    expect(ward.changed).to.deep.equal(['web']);
    expect(ward.row(1)).to.deep.include({
      healthStatus: 'unhealthy',
      healthSince: after(20),
      failureCount: 3,
      consecutiveFailures: 3,
      lastHealthCheck: after(20),
      lastFailureAt: after(20),
      healthCheck: ward.database.applications.get('web')?.manifest.healthCheck,
    });
    expect(ward.row(1).lastProbes).to.deep.equal(
      [0, 10, 20].map((seconds) => ({ at: after(seconds).toISOString(), ...FAILED })),
    );
  });

  it('takes nothing out of service that has served without a check, until the check has failed often enough', async () => {
    await ward.recordInstance(1);
    await ward.declare(undefined);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(60);
    expect(ward.controller.healthOf('c1')).to.equal(null);
    await ward.declare(QUICK);
    ward.laboratory.answers.set('10.0.0.1', FAILED);
    ward.follow([ward.container(1), ward.container(2)]);
    const words = (): (string | undefined)[] =>
      ['c1', 'c2'].map((id) => ward.controller.healthOf(id)?.status);
    expect(words()).to.deep.equal(['healthy', 'starting']);
    await ward.laboratory.pass(11);
    expect(words()[0]).to.equal('healthy');
    await ward.laboratory.pass(10);
    expect(words()[0]).to.equal('unhealthy');
  });

  it('tells of every change, with what the probe found', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(1);
    ward.laboratory.answers.set('10.0.0.1', FAILED);
    await ward.laboratory.pass(30);
    ward.laboratory.answers.clear();
    await ward.laboratory.pass(10);
    expect(
      ward.database.events.map(({ reason, severity, message }) => [reason, severity, message]),
    ).to.deep.equal([
      ['HealthChanged', 'debug', 'web-1-r1-1 is healthy 0.0 s after its start: 200'],
      ['HealthChanged', 'warning', 'web-1-r1-1 is unhealthy, 3 failed checks in a row: 503, expected 200'],
      ['HealthChanged', 'info', 'web-1-r1-1 is healthy again: 200'],
    ]);
    expect(ward.database.events[1]).to.deep.include({
      eventType: 'health',
      appName: 'web',
      containerId: 'c1',
      details: { status: 'unhealthy', previous: 'healthy', failures: 3, code: 503, latencyMs: 3 },
    });
    expect(ward.changed).to.deep.equal(['web', 'web', 'web']);
  });

  it('writes what many probes showed together, and nothing between probes', async () => {
    for (const index of [1, 2, 3, 4, 5]) await ward.recordInstance(index);
    ward.follow([1, 2, 3, 4, 5].map((index) => ward.container(index)));
    await ward.laboratory.pass(5);
    expect(ward.writes).to.equal(1);
    for (let pass = 0; pass < 4; pass += 1) {
      ward.follow([1, 2, 3, 4, 5].map((index) => ward.container(index)));
      await ward.laboratory.pass(1);
    }
    expect(ward.writes).to.equal(1);
    await ward.laboratory.pass(10);
    expect(ward.writes).to.equal(2);
  });

  it('lets a change count once it is written, and what has no row yet is written later', async () => {
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(3);
    expect(ward.controller.healthOf('c1')?.status).to.equal('starting');
    expect(ward.changed).to.deep.equal([]);
    await ward.recordInstance(1);
    await ward.laboratory.pass(1);
    expect(ward.row(1)).to.include({ healthStatus: 'healthy' });
    expect(ward.controller.healthOf('c1')?.status).to.equal('healthy');
    expect(ward.changed).to.deep.equal(['web']);
  });

  it('probes on while the database is away, and writes the latest when it is back', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(1);
    ward.away = true;
    ward.laboratory.answers.set('10.0.0.1', FAILED);
    await ward.laboratory.pass(40);
    expect(ward.controller.healthOf('c1')?.status).to.equal('unhealthy');
    expect(ward.row(1)).to.include({ healthStatus: 'healthy' });
    ward.away = false;
    await ward.laboratory.pass(3);
    expect(ward.row(1)).to.include({ healthStatus: 'unhealthy', failureCount: 4 });
    expect(ward.database.events.map(({ message }) => message)).to.have.length(2);
  });

  it('goes on when the database refuses a write', async () => {
    await ward.recordInstance(1);
    ward.refusal = new Error('refused');
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    expect(ward.writes).to.equal(1);
    ward.refusal = undefined;
    await ward.laboratory.pass(10);
    expect(ward.row(1)).to.include({ healthStatus: 'healthy' });
  });

  it('is after a restart what it was', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    await ward.restart();
    ward.follow([ward.container(1)]);
    expect(ward.controller.healthOf('c1')).to.deep.include({ status: 'healthy', since: STARTED });
    await ward.laboratory.pass(1);
    expect(ward.changed).to.deep.equal(['web']);
  });

  it('writes what is left when it is closed', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(0);
    await ward.laboratory.pass(10);
    await ward.controller.close();
    expect(ward.row(1)).to.deep.include({ lastHealthCheck: after(10) });
  });

  describe('of an instance that is probed no longer', () => {
    beforeEach(async () => {
      await ward.recordInstance(1);
      ward.follow([ward.container(1)]);
      await ward.laboratory.pass(5);
    });

    it('knows no health, but keeps its last probes, when it ended', async () => {
      ward.follow([ward.container(1, { state: 'exited' })]);
      expect(ward.controller.healthOf('c1')).to.equal(null);
      await ward.laboratory.pass(2);
      expect(ward.row(1)).to.deep.include({ healthStatus: 'unknown', healthSince: null, healthCheck: null });
      expect(ward.row(1).lastProbes).to.have.length(1);
    });

    it('keeps probes that were not written when it ended', async () => {
      ward.laboratory.answers.set('10.0.0.1', FAILED);
      await ward.laboratory.pass(5);
      ward.follow([ward.container(1, { state: 'exited' })]);
      await ward.laboratory.pass(2);
      expect(ward.row(1).lastProbes.map(({ ok }) => ok)).to.deep.equal([true, false]);
    });

    it('knows no health when the manifest has no check any more, and writes that once', async () => {
      await ward.declare(undefined);
      const before = ward.writes;
      ward.follow([ward.container(1)]);
      await ward.laboratory.pass(2);
      ward.follow([ward.container(1)]);
      await ward.laboratory.pass(20);
      expect(ward.controller.healthOf('c1')).to.equal(null);
      expect(ward.row(1)).to.deep.include({ healthStatus: 'unknown', healthCheck: null });
      expect(ward.writes).to.equal(before + 1);
    });

    it('leaves it what it is while it is being stopped', async () => {
      const stopping = {
        ...operation('web', { kind: 'stopContainer', containerId: 'c1' }),
        startedAt: STARTED,
      };
      ward.laboratory.answers.set('10.0.0.1', FAILED);
      ward.follow([ward.container(1)], [stopping]);
      await ward.laboratory.pass(100);
      expect(ward.controller.healthOf('c1')?.status).to.equal('healthy');
      expect(ward.database.events.map(({ severity }) => severity)).to.deep.equal(['debug']);
    });
  });
});
