import { expect } from 'chai';
import { nextRollout, type Rollout, type RolloutFacts } from '../../../src/controllers/rollout/rollout.ts';

const START = new Date('2026-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(START.getTime() + seconds * 1_000);

const facts = (changes: Partial<RolloutFacts> = {}): RolloutFacts => ({
  revision: 2,
  available: 0,
  complete: false,
  worst: null,
  progressDeadlineSeconds: 600,
  paused: false,
  ...changes,
});

const begun = nextRollout(null, facts(), START);

describe('nextRollout', () => {
  it('begins anew with every revision', () => {
    const complete = nextRollout(begun, facts({ complete: true }), after(10));
    expect(complete.outcome).to.equal('complete');
    const next = nextRollout(complete, facts({ revision: 3 }), after(20));
    expect(next).to.include({ revision: 3, outcome: 'progressing', startedAt: after(20).toISOString() });
  });

  it('fails when nothing more becomes available within the deadline, counted from the last progress', () => {
    const progressed = nextRollout(begun, facts({ available: 1 }), after(500));
    expect(nextRollout(progressed, facts({ available: 1 }), after(1_099)).outcome).to.equal('progressing');
    expect(nextRollout(progressed, facts({ available: 1 }), after(1_100))).to.include({
      outcome: 'failed',
      reason: 'ProgressDeadlineExceeded',
    });
  });

  it('does not take the return of an instance for progress', () => {
    const two = nextRollout(begun, facts({ available: 2 }), after(100));
    const one = nextRollout(two, facts({ available: 1 }), after(200));
    expect(nextRollout(one, facts({ available: 2 }), after(700)).outcome).to.equal('failed');
  });

  it('fails at the third crash of an instance in a row', () => {
    const worst = (crashes: number) => ({ name: 'web-1-r2-3', finding: 'exited 1', crashes });
    expect(nextRollout(begun, facts({ worst: worst(2) }), after(9)).outcome).to.equal('progressing');
    expect(nextRollout(begun, facts({ worst: worst(3) }), after(9))).to.include({
      outcome: 'failed',
      reason: 'CrashLoop',
      message: 'web-1-r2-3 exited 1, crash 3 in a row',
    });
  });

  it('fails after it was complete only when it crash-loops within a minute of its last progress', () => {
    const crash = { name: 'web-0-r2-9', finding: 'exited 1', crashes: 3 };
    const complete = nextRollout(begun, facts({ available: 2, complete: true }), after(10));
    expect(nextRollout(complete, facts({ worst: { ...crash, crashes: 2 } }), after(20))).to.deep.equal(
      complete,
    );
    expect(nextRollout(complete, facts({ worst: crash }), after(69))).to.include({
      outcome: 'failed',
      reason: 'CrashLoop',
    });
    expect(nextRollout(complete, facts({ worst: crash }), after(70))).to.deep.equal(complete);
    expect(nextRollout(complete, facts({ available: 0 }), after(9_999))).to.deep.equal(complete);
  });

  it('never recovers once it failed', () => {
    const crash = { name: 'web-0-r2-9', finding: 'exited 1', crashes: 9 };
    const failed: Rollout = nextRollout(begun, facts({ worst: crash }), after(10));
    expect(nextRollout(failed, facts({ complete: true }), after(20))).to.deep.equal(failed);
  });

  it('stands still while it is paused', () => {
    const paused = nextRollout(begun, facts({ paused: true }), after(3_000));
    expect(paused.outcome).to.equal('progressing');
    expect(nextRollout(paused, facts({ paused: true }), after(9_000))).to.deep.equal(paused);
    const resumed = nextRollout(paused, facts(), after(9_000));
    expect(nextRollout(resumed, facts(), after(9_599)).outcome).to.equal('progressing');
    expect(nextRollout(resumed, facts(), after(9_600)).outcome).to.equal('failed');
  });
});
