import { expect } from 'chai';
import { WorkQueue } from '../../src/control/workqueue.ts';
import { VirtualClock } from '../virtual-clock.ts';

describe('WorkQueue', () => {
  const setUp = () => {
    const clock = new VirtualClock(new Date('2026-01-01T00:00:00Z'));
    let woken = 0;
    const queue = new WorkQueue(
      clock,
      () => 1,
      () => (woken += 1),
    );
    return { clock, queue, woken: () => woken };
  };

  it('hands a key out once, however often it was added', () => {
    const { queue } = setUp();
    queue.add('a');
    queue.add('a');
    queue.add('b');
    expect(queue.take()).to.deep.equal(['a', 'b']);
    expect(queue.take()).to.deep.equal([]);
  });

  it('hands a key that was added during its processing out again, and only when that has ended', () => {
    const { queue, woken } = setUp();
    queue.add('a');
    queue.take();
    queue.add('a');
    expect(queue.take()).to.deep.equal([]);
    const before = woken();
    queue.done('a');
    expect(woken()).to.equal(before + 1);
    expect(queue.take()).to.deep.equal(['a']);
  });

  it('lets keys be claimed that nobody asked for, and keeps due what was added meanwhile', () => {
    const { queue } = setUp();
    queue.add('a');
    queue.take();
    queue.add('b');
    expect(queue.claim(['a', 'b', 'c'])).to.deep.equal(['b', 'c']);
    expect(queue.take()).to.deep.equal([]);
    queue.done('b');
    expect(queue.take()).to.deep.equal(['b']);
  });

  it('adds a key at the earliest of the times asked for', () => {
    const { clock, queue } = setUp();
    queue.addAt('a', new Date(clock.now().getTime() + 5_000));
    queue.addAt('a', new Date(clock.now().getTime() + 1_000));
    queue.addAt('a', new Date(clock.now().getTime() + 3_000));
    clock.advance(999);
    expect(queue.take()).to.deep.equal([]);
    clock.advance(1);
    expect(queue.take()).to.deep.equal(['a']);
    queue.done('a');
    clock.advance(10_000);
    expect(queue.take()).to.deep.equal([]);
  });

  it('doubles the delay of a key that keeps failing, up to five minutes, and forgets it on success', () => {
    const { queue } = setUp();
    const delays = Array.from({ length: 20 }, () => queue.retry('a'));
    expect(delays.slice(0, 4)).to.deep.equal([5, 10, 20, 40]);
    expect(delays.at(-1)).to.equal(300_000);
    queue.forget('a');
    expect(queue.retry('a')).to.equal(5);
  });

  it('hands out nothing more once closed', () => {
    const { clock, queue } = setUp();
    queue.add('a');
    queue.addAt('b', clock.now());
    queue.close();
    clock.advance(1_000);
    expect(queue.take()).to.deep.equal([]);
  });
});
