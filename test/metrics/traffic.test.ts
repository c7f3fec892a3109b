import { expect } from 'chai';
import fc from 'fast-check';
import { Traffic, type TrafficInterval } from '../../src/metrics/traffic.ts';
import { request } from './lines.ts';

const START = new Date('2030-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(START.getTime() + seconds * 1_000);
const WEB = {
  app: 'web',
  instances: [
    { containerId: 'c1', address: '10.0.0.2:80' },
    { containerId: 'c2', address: '10.0.0.3:80' },
  ],
};

describe('Traffic', () => {
  let traffic: Traffic;

  beforeEach(() => {
    traffic = new Traffic();
    traffic.watch(START);
  });

  function rotate(seconds = 5, targets = [WEB]): TrafficInterval {
    traffic.told(after(seconds));
    const interval = traffic.rotate(targets);
    if (!interval) throw new Error('the interval was not watched');
    return interval;
  }

  it('counts requests of an app and of each of its instances', () => {
    for (let count = 0; count < 40; count += 1) traffic.add(request({ ms: 20 }));
    for (let count = 0; count < 10; count += 1) traffic.add(request({ address: '10.0.0.3:80', ms: 100 }));
    const { apps, instances, total } = rotate();
    expect(apps.get('web')).to.deep.include({ requests: 50, rps: 10, errorRate: 0, responseTime: 36 });
    expect(apps.get('web')?.activeConnections).to.be.closeTo((40 * 20 + 10 * 100) / 5_000, 1e-9);
    expect(apps.get('web')?.latency.percentile(50)).to.equal(20);
    expect(apps.get('web')?.latency.percentile(95)).to.equal(100);
    expect(instances.get('c1')).to.include({ requests: 40, rps: 8, responseTime: 20 });
    expect(instances.get('c2')).to.include({ requests: 10, rps: 2, responseTime: 100 });
    expect(total).to.include({ requests: 50 });
  });

  it('shows zeros, and no latency, where nobody asked', () => {
    const { apps, instances, total } = rotate();
    for (const sample of [apps.get('web'), instances.get('c1'), instances.get('c2'), total]) {
      expect(sample).to.include({
        rps: 0,
        errorRate: 0,
        responseTime: null,
        activeConnections: 0,
        queueLength: 0,
      });
      expect(sample?.latency.percentile(95)).to.equal(null);
    }
  });

  it('shows nothing, not zero, when the log was not read all the time', () => {
    traffic.add(request());
    traffic.lose();
    traffic.told(after(5));
    expect(traffic.rotate([WEB])).to.equal(null);
    traffic.watch(after(7));
    traffic.add(request());
    expect(rotate(10).apps.get('web')).to.include({ requests: 1, rps: 1 / 3 });
  });

  it('ends an interval where the log was told last', () => {
    for (let count = 0; count < 8; count += 1) traffic.add(request());
    traffic.told(after(4));
    expect(traffic.rotate([WEB])).to.deep.include({ from: START, to: after(4) });
    traffic.add(request());
    expect(traffic.rotate([WEB]), 'an answer was begun and not ended').to.equal(null);
    expect(rotate(9).apps.get('web')).to.include({ requests: 1, rps: 1 / 5 });
  });

  it('begins each interval anew', () => {
    traffic.add(request());
    rotate();
    expect(rotate(10).apps.get('web')?.requests).to.equal(0);
    expect(traffic.rotate([WEB]), 'nothing was told since').to.equal(null);
  });

  it('counts responses of 500 and above as errors', () => {
    for (const status of [200, 302, 404, 499, 500, 502, 503, 504]) traffic.add(request({ status }));
    expect(rotate().apps.get('web')?.errorRate).to.equal(50);
  });

  it('counts a request that no instance could answer for the app alone', () => {
    traffic.add(request({ address: null, status: 503 }));
    traffic.add(request({ address: 'autoserve_web', status: 502 }));
    const { apps, instances } = rotate();
    expect(apps.get('web')).to.include({ requests: 2, errorRate: 100 });
    expect(instances.get('c1')?.requests).to.equal(0);
  });

  it('counts a request that belongs to no app in the total alone', () => {
    traffic.add(request({ app: null, address: null, status: 404 }));
    const { apps, total } = rotate();
    expect(total.requests).to.equal(1);
    expect([...apps.keys()]).to.deep.equal(['web']);
    expect(apps.get('web')?.requests).to.equal(0);
  });

  it('takes no response time from an instance that could not be connected', () => {
    traffic.add(request({ status: 502, ms: 0, connectMs: null }));
    expect(rotate().instances.get('c1')).to.include({ requests: 1, errorRate: 100, responseTime: null });
  });

  it('never takes an address of one app for an instance of another', () => {
    traffic.add(request({ app: 'shop', address: '10.0.0.2:80' }));
    expect(rotate().instances.get('c1')?.requests).to.equal(0);
  });

  it('counts a retried request once, for the instance that answered it', () => {
    traffic.add('web\t10.0.0.2:80, 10.0.0.3:80\t502, 200\t200\t0.250\t0.100, 0.140\t-, 0.020');
    const { apps, instances } = rotate();
    expect(apps.get('web')).to.include({ requests: 1, errorRate: 0, responseTime: 140 });
    expect(instances.get('c1')?.requests).to.equal(0);
    expect(instances.get('c2')?.requests).to.equal(1);
    expect(apps.get('web')?.queueLength).to.be.closeTo((100 + 20) / 5_000, 1e-9);
  });

  it('counts as waiting the time until an instance was connected, and not what a slow client took', () => {
    traffic.add('web\t10.0.0.2:80\t200\t200\t30.000\t1.500\t1.000');
    expect(rotate().apps.get('web')?.queueLength).to.be.closeTo(1_000 / 5_000, 1e-9);
  });

  it('takes how long a WebSocket was open for no latency', () => {
    traffic.add(request({ status: 101, ms: 600_000, connectMs: 3 }));
    const web = rotate().apps.get('web');
    expect(web).to.include({ requests: 1, errorRate: 0, responseTime: null });
    expect(web?.latency.percentile(99)).to.equal(3);
    expect(web?.activeConnections).to.be.above(0);
  });

  it('counts every line as often as it came, however many different ones there are', () => {
    for (let times = 0; times < 3; times += 1) {
      for (let ms = 1; ms <= 5_000; ms += 1)
        traffic.add(request({ ms, connectMs: 1, status: ms > 4_000 ? 500 : 200 }));
      traffic.add('noise');
    }
    expect(traffic.lines).to.deep.equal({ handled: 15_003, refused: 3 });
    const sample = rotate().apps.get('web');
    expect(sample).to.deep.include({ requests: 15_000, errorRate: 20, responseTime: 2_500.5 });
    expect(sample?.latency.count).to.equal(15_000);
    expect(sample?.queueLength).to.be.closeTo(15_000 / 5_000, 1e-9);
    expect(sample?.activeOfEnded).to.be.closeTo((3 * 5_000 * 2_500.5) / 5_000, 1e-9);
  });

  it('counts what it refuses', () => {
    for (const line of ['', 'GET / HTTP/1.1', request(), '\t'.repeat(6)]) traffic.add(line);
    expect(traffic.lines).to.deep.equal({ handled: 4, refused: 3 });
    expect(rotate().total.requests).to.equal(1);
  });

  it('keeps no more apps and addresses than an ingress can have, and those it knew', () => {
    for (let index = 0; index < 30_000; index += 1) traffic.add(request({ app: `app-${index}` }));
    traffic.add(request({ app: 'app-7' }));
    const { total, apps } = rotate(5, [{ app: 'app-7', instances: [] }]);
    expect(total.requests).to.equal(20_001);
    expect(apps.get('app-7')?.requests).to.equal(2);
    expect(traffic.lines.refused).to.equal(10_000);
    traffic.add(request());
    expect(rotate(10).apps.get('web')?.requests).to.equal(1);
  });

  it('shows of an app what its instances show together', () => {
    const requests = fc.array(
      fc.record({ address: fc.constantFrom('10.0.0.2:80', '10.0.0.3:80'), ms: fc.nat(90_000) }),
    );
    fc.assert(
      fc.property(requests, (made) => {
        traffic = new Traffic();
        traffic.watch(START);
        for (const each of made) traffic.add(request(each));
        const { apps, instances } = rotate();
        const parts = [...instances.values()];
        const sum = (of: 'rps' | 'activeConnections') =>
          parts.reduce((total, part) => total + (part[of] ?? 0), 0);
        expect(apps.get('web')?.rps).to.be.closeTo(sum('rps'), 1e-9);
        expect(apps.get('web')?.activeConnections).to.be.closeTo(sum('activeConnections'), 1e-6);
      }),
    );
  });
});
