import { expect } from 'chai';
import { healthRecord, initialHealth, type HealthState } from '../../../src/controllers/health/health.ts';
import { Prober, type ProbeTarget } from '../../../src/controllers/health/prober.ts';
import { seededRandom } from '../../simulation/random.ts';
import { after, checkOf, STARTED } from './check.ts';
import { FAILED, Laboratory, target } from './laboratory.ts';

describe('Prober', () => {
  let laboratory: Laboratory;
  let prober: Prober;
  let changes: string[];

  const create = (random: () => number): Prober =>
    new Prober({
      clock: laboratory.clock,
      random,
      probe: laboratory.probe,
      onProbed({ containerId }: ProbeTarget, before: HealthState, now: HealthState) {
        if (now.status !== before.status) changes.push(`${containerId} ${before.status} > ${now.status}`);
      },
    });
  const statusOf = (containerId: string) => prober.stateOf(containerId)?.status ?? null;

  beforeEach(() => {
    laboratory = new Laboratory();
    changes = [];
    prober = create(() => 0.5);
  });
  afterEach(() => prober.close());

  it('probes an instance at once, then once a period', async () => {
    prober.follow([target(1)]);
    expect(statusOf('c1')).to.equal('starting');
    await laboratory.pass(25);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([0, 10, 20]);
    expect(changes).to.deep.equal(['c1 starting > healthy']);
  });

  it('looks often at first, then every second, for the readiness of an instance within its initial delay', async () => {
    const check = checkOf({ initialDelaySeconds: 30, periodSeconds: 30 });
    laboratory.answers.set('10.0.0.1', FAILED);
    prober.follow([target(1, { check })]);
    await laboratory.pass(4.5);
    laboratory.answers.clear();
    await laboratory.pass(30);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([
      0, 0.1, 0.2, 0.3, 0.45, 0.675, 1.012, 1.518, 2.277, 3.277, 4.277, 5.277,
    ]);
    expect(prober.stateOf('c1')).to.deep.include({ status: 'healthy', since: after(5.277) });
  });

  it('finds an instance unhealthy, and healthy again', async () => {
    prober.follow([target(1)]);
    await laboratory.pass(5);
    laboratory.answers.set('10.0.0.1', FAILED);
    await laboratory.pass(24);
    expect(statusOf('c1')).to.equal('healthy');
    await laboratory.pass(10);
    expect(statusOf('c1')).to.equal('unhealthy');
    laboratory.answers.clear();
    await laboratory.pass(10);
    expect(changes).to.deep.equal([
      'c1 starting > healthy',
      'c1 healthy > unhealthy',
      'c1 unhealthy > healthy',
    ]);
  });

  it('keeps the turns of instances that stay, however often it is told', async () => {
    for (let second = 0; second < 19; second += 1) {
      prober.follow([target(1), target(2)]);
      await laboratory.pass(1);
    }
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([0, 10]);
    expect(laboratory.probed('10.0.0.2')).to.deep.equal([0, 10]);
  });

  it('forgets what is no longer followed, and calls its probe off', async () => {
    laboratory.answers.set('10.0.0.1', 'hangs');
    prober.follow([target(1), target(2)]);
    await laboratory.pass(1);
    expect(laboratory.running).to.equal(1);
    prober.follow([target(2)]);
    await laboratory.pass(60);
    expect(laboratory.running).to.equal(0);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([0]);
    expect([prober.stateOf('c1'), prober.checkOf('c1')]).to.deep.equal([null, null]);
    expect(changes).to.deep.equal(['c2 starting > healthy']);
  });

  it('begins anew when the same container was started again', async () => {
    prober.follow([target(1)]);
    await laboratory.pass(5);
    prober.follow([target(1, { startedAt: after(5) })]);
    expect(prober.stateOf('c1')).to.deep.equal(initialHealth(after(5)));
    await laboratory.pass(1);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([0, 5]);
  });

  it('goes on from the row of an instance after a restart, and probes it at once', async () => {
    const check = checkOf({ periodSeconds: 3600 });
    const healthy: HealthState = { ...initialHealth(STARTED), status: 'healthy', lastCheckAt: after(1) };
    await laboratory.pass(60);
    prober.follow([target(1, { check, record: healthRecord(healthy, check) })]);
    expect(statusOf('c1')).to.equal('healthy');
    await laboratory.pass(0);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([60]);
    expect(changes).to.deep.equal([]);
  });

  describe('of a changed check', () => {
    const former = target(1, { check: checkOf({ periodSeconds: 3600 }) });
    const changed = target(1, { check: checkOf({ periodSeconds: 3600, port: 9090 }) });

    it('probes by it at once, and leaves the instance what it is until then', async () => {
      prober.follow([former]);
      await laboratory.pass(5);
      laboratory.answers.set('10.0.0.1', FAILED);
      prober.follow([changed]);
      expect(statusOf('c1')).to.equal('healthy');
      await laboratory.pass(1);
      expect(laboratory.probes.map(({ at, port }) => `${at}: ${port}`)).to.deep.equal(['0: 8080', '5: 9090']);
      expect(prober.stateOf('c1')).to.deep.include({ status: 'healthy', consecutiveFailures: 1 });
    });

    it('counts no failures of the former one', async () => {
      laboratory.answers.set('10.0.0.1', FAILED);
      const often = (port: number) => target(1, { check: checkOf({ periodSeconds: 1, port }) });
      prober.follow([often(8080)]);
      await laboratory.pass(1.5);
      prober.follow([often(9090)]);
      await laboratory.pass(1);
      expect(prober.stateOf('c1')).to.deep.include({ status: 'starting', consecutiveFailures: 2 });
    });

    it('drops the result of a probe that was under way by the former one', async () => {
      let answer = (): void => {};
      prober.close();
      const instant = laboratory.probe;
      prober = new Prober({
        clock: laboratory.clock,
        random: () => 0.5,
        onProbed: () => {},
        probe: async (...probed) => {
          const result = await instant(...probed);
          if (laboratory.probes.length === 1) await new Promise<void>((resolve) => (answer = resolve));
          return result;
        },
      });
      prober.follow([former]);
      await laboratory.pass(1);
      laboratory.answers.set('10.0.0.1', FAILED);
      prober.follow([changed]);
      await laboratory.pass(1);
      expect(laboratory.probes).to.have.length(1);
      answer();
      await laboratory.pass(1);
      expect(laboratory.probes.map(({ port }) => port)).to.deep.equal([8080, 9090]);
      expect(prober.stateOf('c1')).to.deep.include({ status: 'starting', consecutiveFailures: 1 });
    });
  });

  it('probes at a new address at once', async () => {
    prober.follow([target(1)]);
    await laboratory.pass(5);
    prober.follow([target(1, { ip: '10.0.0.9' })]);
    await laboratory.pass(1);
    expect(laboratory.probed('10.0.0.9')).to.deep.equal([5]);
    expect(statusOf('c1')).to.equal('healthy');
  });

  it('leaves an instance alone that is being taken away, and takes it up again when it stays', async () => {
    prober.follow([target(1)]);
    await laboratory.pass(5);
    laboratory.answers.set('10.0.0.1', FAILED);
    prober.follow([target(1, { leaving: true })]);
    await laboratory.pass(100);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([0]);
    expect(statusOf('c1')).to.equal('healthy');
    prober.follow([target(1)]);
    await laboratory.pass(1);
    expect(laboratory.probed('10.0.0.1')).to.deep.equal([0, 105]);
  });

  it('probes no more than 32 instances at a time, and the others when there is room', async () => {
    const targets = Array.from({ length: 50 }, (_, index) => target(index + 1));
    for (const { ip } of targets.slice(0, 40)) laboratory.answers.set(ip, 'hangs');
    prober.follow(targets);
    await laboratory.pass(1);
    expect(laboratory.running).to.equal(32);
    prober.follow(targets.slice(10));
    await laboratory.pass(1);
    expect(laboratory.running).to.equal(30);
    expect(targets.slice(40).map(({ containerId }) => statusOf(containerId))).to.deep.equal(
      Array.from({ length: 10 }, () => 'healthy'),
    );
  });

  it('spreads instances that began together', async () => {
    prober.close();
    prober = create(seededRandom(1));
    prober.follow(Array.from({ length: 20 }, (_, index) => target(index + 1)));
    await laboratory.pass(60);
    const fifth = Array.from({ length: 20 }, (_, index) => laboratory.probed(`10.0.0.${index + 1}`)[4]);
    expect(new Set(fifth).size).to.equal(20);
    for (const at of fifth) expect(at).to.be.within(36, 44);
  });

  it('stops with everything when it is closed', async () => {
    laboratory.answers.set('10.0.0.1', 'hangs');
    prober.follow([target(1), target(2)]);
    await laboratory.pass(1);
    prober.close();
    await laboratory.pass(60);
    expect(laboratory.running).to.equal(0);
    expect(laboratory.probes).to.have.length(2);
    expect(laboratory.clock.next).to.equal(null);
  });
});
