import { expect } from 'chai';
import { OpenRequests } from '../../src/metrics/open-requests.ts';
import { Traffic } from '../../src/metrics/traffic.ts';
import { request } from './lines.ts';

const START = new Date('2030-01-01T00:00:00Z');
const FIRST = '10.0.0.2:80';
const SECOND = '10.0.0.3:80';
const TARGETS = [
  {
    app: 'web',
    instances: [
      { containerId: 'c1', address: FIRST },
      { containerId: 'c2', address: SECOND },
    ],
  },
];

describe('requests that are open', () => {
  let traffic: Traffic;
  let open: OpenRequests;
  let intervals: number;

  beforeEach(() => {
    traffic = new Traffic();
    traffic.watch(START);
    open = new OpenRequests();
    intervals = 0;
  });

  /** Ends an interval, and shows what is then active in the app and in each of its instances. */
  function active(
    connections: Record<string, number> | 'unread' | 'lost',
    workers = 2,
  ): (number | null | undefined)[] {
    intervals += 1;
    traffic.told(new Date(START.getTime() + intervals * 5_000));
    const interval = traffic.rotate(TARGETS);
    if (!interval) throw new Error('the interval was not watched');
    const found = typeof connections === 'string' ? connections : new Map(Object.entries(connections));
    const { apps, instances } = open.reveal(interval, TARGETS, found, workers);
    return [apps.get('web'), instances.get('c1'), instances.get('c2')].map((one) => one?.activeConnections);
  }

  const end = (times: number, ms = 0): void => {
    for (let count = 0; count < times; count += 1) traffic.add(request({ address: FIRST, ms }));
  };

  it('are all that is connected where no request ended lately', () => {
    expect(active({ [FIRST]: 6, [SECOND]: 1, '10.0.0.9:80': 3 })).to.deep.equal([7, 6, 1]);
  });

  it('are not what may be kept for later requests after one has ended', () => {
    end(4);
    expect(active({ [FIRST]: 6 })).to.deep.equal([2, 2, 0]);
    expect(active({ [FIRST]: 6 })).to.deep.equal([2, 2, 0]);
    expect(active({ [FIRST]: 6 })).to.deep.equal([6, 6, 0]);
  });

  it('are what is beyond all that nginx keeps, however many requests end', () => {
    end(10_000);
    expect(active({ [FIRST]: 200 }, 2)).to.deep.equal([72, 72, 0]);
  });

  it('are fewer than those that the log shows in the mean, where these were many', () => {
    end(20, 1_000);
    expect(active({ [FIRST]: 2 })).to.deep.equal([4, 4, 0]);
  });

  it('are not counted again for the log, which shows those that have moved for a while', () => {
    end(100, 60_000);
    expect(active({ [FIRST]: 0, [SECOND]: 100 })).to.deep.equal([100, 100, 100]);
    expect(active({ [FIRST]: 0, [SECOND]: 100 })).to.deep.equal([100, 0, 100]);
  });

  it('are none when nothing is connected any more, though the log goes on showing long ones', () => {
    end(3, 60_000);
    expect(active({ [FIRST]: 1 })).to.deep.equal([3, 3, 0]);
    expect(active({})).to.deep.equal([0, 0, 0]);
    expect(active('unread')).to.deep.equal([3, 3, 0]);
  });

  it('are not known where nobody can look any more', () => {
    expect(active('lost')).to.deep.equal([null, null, null]);
  });

  it('stay as the log shows them where nobody ever could look', () => {
    end(20, 1_000);
    expect(active('unread')).to.deep.equal([4, 4, 0]);
  });
});
