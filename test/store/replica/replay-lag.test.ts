import { expect } from 'chai';
import { ReplayLag, type Positions } from '../../../src/store/replica/replay-lag.ts';

describe('replay lag', () => {
  const positions = (some: Partial<Positions>): Positions => ({
    written: 100,
    received: 100,
    replayed: 100,
    lastCommitSeconds: 3_600,
    at: 0,
    ...some,
  });

  it('is nothing when all that was written can be read, however old it is', () => {
    expect(new ReplayLag().measure(positions({}))).to.equal(0);
  });

  it('is at most the age of the last commit at the first look', () => {
    expect(new ReplayLag().measure(positions({ written: 101, lastCommitSeconds: 7 }))).to.equal(7);
    expect(new ReplayLag().measure(positions({ written: 101, lastCommitSeconds: null }))).to.equal(Infinity);
    expect(new ReplayLag().measure(positions({ replayed: null }))).to.equal(Infinity);
  });

  it('is the time since the replica had last all there was', () => {
    const lag = new ReplayLag();
    lag.measure(positions({ at: 0 }));
    lag.measure(positions({ at: 2_000 }));
    expect(lag.measure(positions({ at: 4_000, written: 200 }))).to.equal(2);
    expect(lag.measure(positions({ at: 6_000, written: 300 }))).to.equal(4);
    // It has what was written at 4 s.
    expect(lag.measure(positions({ at: 8_000, written: 400, replayed: 250 }))).to.equal(4);
    expect(lag.measure(positions({ at: 10_000, written: 400, replayed: 400 }))).to.equal(0);
  });

  it('counts what was received and not replayed', () => {
    const lag = new ReplayLag();
    lag.measure(positions({ at: 0 }));
    expect(lag.measure(positions({ at: 3_000, written: 200, received: 200, replayed: 100 }))).to.equal(3);
  });

  it('is what was received and not replayed while the primary is away', () => {
    const lag = new ReplayLag();
    expect(lag.measure(positions({ written: null }))).to.equal(0);
    expect(lag.measure(positions({ written: null, received: 150, lastCommitSeconds: 5 }))).to.equal(5);
  });

  it('is never estimated too small, however long the replica stands still', () => {
    const lag = new ReplayLag();
    lag.measure(positions({ at: 0 }));
    for (let look = 1; look <= 5_000; look += 1)
      lag.measure(positions({ at: look * 1_000, written: 100 + look, lastCommitSeconds: null }));
    const seconds = lag.measure(
      positions({ at: 5_001_000, written: 6_000, replayed: 100 + 2_500, lastCommitSeconds: null }),
    );
    expect(seconds).to.be.at.least(2_501);
    expect(seconds).to.be.below(2_600);
  });
});
